"""Replies to questions: from the ledger, from batch jobs where there are enough questions, on demand for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.records import BatchJob, Failure, Question, Reply
from omnix_cli.settings import BedrockSettings


@dataclass(frozen=True)
class ModelAccess:
    """How a model is asked: the ledger of its replies, the asker on demand, batch jobs if they are set up. `asker` is
    called for the first question, so that a dry run needs no access to Bedrock."""

    ledger: AnswerLedger
    asker: Callable[[], Asker]
    jobs: BatchJobs | None = None
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Replies:
    """The result of each question, by key. `from_ledger` are the questions that were answered before; `mode` says how
    the others were asked, and why."""

    results: Mapping[str, Reply | Failure]
    from_ledger: frozenset[str] = frozenset()
    mode: str = ""
    waited_seconds: float = 0.0

    def replies(self) -> list[Reply]:
        return [result for result in self.results.values() if isinstance(result, Reply)]

    def failures(self, reason: str) -> int:
        return sum(isinstance(result, Failure) and result.reason == reason for result in self.results.values())


class ReplySource:
    """Asks only what the ledger does not know. `mode` is the predictor of the settings. Raises `ConfigError` for batch
    jobs that are not set up."""

    def __init__(self, access: ModelAccess, settings: BedrockSettings, *, prompt: str, mode: str) -> None:
        if mode == "bedrock-batch" and access.jobs is None:
            raise ConfigError(
                "batch jobs need a location and a role",
                hint="Set bedrock.batch.location and bedrock.batch.role_arn, or use `--predictor bedrock`.",
            )
        self._access, self._settings, self._prompt, self._mode = access, settings, prompt, mode
        self._jobs = access.jobs if mode != "bedrock" else None

    def collect_open_jobs(self, as_of: date) -> float:
        """Collects the jobs of earlier runs whose answers may be used on this day, as they are paid for; returns the
        seconds waited.

        Raises `UnavailableError` while one is running."""
        if self._jobs is None:
            return 0.0
        wanted, oldest = (self._prompt, self._settings.model), as_of - timedelta(days=self._settings.max_age_days)
        unfinished = [job for job in self._jobs.jobs() if not job.done and job.arn and oldest <= job.as_of <= as_of]
        return self._collect(self._jobs, [job for job in unfinished if (job.prompt, job.model) == wanted])

    def replies(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> Replies:
        """The results of all questions; `known` are the replies that the ledger had."""
        missing = [question for question in questions if question.key not in known]
        fewest = self._settings.batch.min_records
        if self._jobs is None or len(missing) < fewest:
            few = f"fewer than the {fewest} questions of a job"
            why = "" if self._mode == "bedrock" else f": {few if self._jobs else 'no batch jobs are set up'}"
            results = self._on_demand(questions, known)
            return Replies(results, frozenset(known), f"on demand{why}" if missing else "ledger")
        waited = self._collect(self._jobs, self._jobs.submit(missing))
        answered = self._access.ledger.replies([question.key for question in questions])
        results = self._on_demand(questions, answered)
        mode = f"batch: {len(missing)} questions, {len(questions) - len(answered)} of them again on demand"
        return Replies(results, frozenset(known), mode, waited)

    def on_demand(self, questions: Sequence[Question]) -> Replies:
        known = self._access.ledger.replies([question.key for question in questions])
        return Replies(self._on_demand(questions, known), frozenset(known))

    def _on_demand(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> dict[str, Reply | Failure]:
        missing = [question for question in questions if question.key not in known]
        results: dict[str, Reply | Failure] = dict(known)
        if missing:
            results |= {question.key: result for question, result in self._access.asker().ask(missing)}
        for question in missing:
            unasked = Failure(question=question.key, reason="not asked", temporary=True)
            results.setdefault(question.key, unasked)
        return results

    def _collect(self, jobs: BatchJobs, running: Sequence[BatchJob]) -> float:
        """Collects all these jobs; returns the seconds waited.

        Raises `UnavailableError` when one is still running after `wait_seconds`."""
        waited, batch = 0.0, self._settings.batch
        while running:
            states = [jobs.status(job) for job in running]
            for job in states:
                if job.ended:
                    jobs.collect(job)
            running = [job for job in states if not job.ended]
            if running and waited >= batch.wait_seconds:
                names = ", ".join(f"{job.name} ({job.status})" for job in running)
                raise UnavailableError(
                    f"batch jobs are still running: {names}",
                    hint="Run again later, or collect the answers with `omnix predict collect`.",
                )
            if running:
                pause = min(batch.poll_seconds, batch.wait_seconds - waited)
                self._access.sleep(pause)
                waited += pause
        return waited
