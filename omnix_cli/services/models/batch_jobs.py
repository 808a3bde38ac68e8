"""Batch jobs of models: their state, and their answers once they have finished."""

from __future__ import annotations

from omnix_cli.protocols.models import BatchJobs
from omnix_cli.records import BatchJob


def job_states(service: BatchJobs) -> list[BatchJob]:
    """All batch jobs in their present state, newest first."""
    return [job if job.done else service.status(job) for job in service.jobs()]


def collect_jobs(service: BatchJobs) -> list[BatchJob]:
    """Collects the answers of all finished jobs; returns all jobs, newest first."""
    return [job if job.done else service.collect(job) for job in service.jobs()]
