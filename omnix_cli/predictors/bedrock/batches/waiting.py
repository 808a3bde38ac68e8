"""Waiting for batch jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from omnix_cli.errors import UnavailableError
from omnix_cli.protocols.models import BatchJobs
from omnix_cli.records import BatchJob
from omnix_cli.settings import BatchSettings


@dataclass(frozen=True)
class JobWait:
    """Waits for jobs as long as the settings allow, and collects those that have ended."""

    jobs: BatchJobs
    settings: BatchSettings
    sleep: Callable[[float], None] = time.sleep

    def collect(self, jobs: Sequence[BatchJob]) -> float:
        """Collects all these jobs; returns the seconds waited.

        Raises `UnavailableError` when one is still running after `wait_seconds`."""
        waited, running = 0.0, list(jobs)
        while running:
            states = [self.jobs.status(job) for job in running]
            for job in states:
                if job.ended:
                    self.jobs.collect(job)
            running = [job for job in states if not job.ended]
            if running and waited >= self.settings.wait_seconds:
                names = ", ".join(f"{job.name} ({job.status})" for job in running)
                raise UnavailableError(
                    f"batch jobs are still running: {names}",
                    hint="Run again later, or collect the answers with `omnix predict collect`.",
                )
            if running:
                pause = min(self.settings.poll_seconds, self.settings.wait_seconds - waited)
                self.sleep(pause)
                waited += pause
        return waited

    def collect_open(self, *, prompt: str, model: str, as_of: date, max_age_days: int) -> float:
        """Collects the jobs of earlier runs whose answers may be used on this day; returns the seconds waited."""
        oldest = as_of - timedelta(days=max_age_days)
        return self.collect(
            [
                job
                for job in self.jobs.jobs()
                if not job.done and job.arn and (job.prompt, job.model) == (prompt, model)
                if oldest <= job.as_of <= as_of
            ]
        )
