from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from omnix_cli.records import BatchJob, Question
from omnix_cli.services.models.batch_jobs import collect_jobs, job_states


class Jobs:
    """One job that is done and one that has just finished."""

    def jobs(self) -> list[BatchJob]:
        return [job("new", done=False), job("old", done=True)]

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        raise AssertionError

    def status(self, job: BatchJob) -> BatchJob:
        return job.model_copy(update={"status": "Completed"})

    def collect(self, job: BatchJob) -> BatchJob:
        return job.model_copy(update={"status": "Completed", "done": True, "collected": 3})


def job(name: str, *, done: bool) -> BatchJob:
    return BatchJob(
        name=name,
        model="m",
        prompt="p",
        as_of=date(2018, 1, 1),
        questions=3,
        input="s3://b/i",
        output="s3://b/o",
        token="t",
        done=done,
    )


def test_only_open_jobs_are_looked_up() -> None:
    assert [(one.name, one.status) for one in job_states(Jobs())] == [("new", "Completed"), ("old", "prepared")]


def test_only_open_jobs_are_collected() -> None:
    assert [(one.name, one.collected) for one in collect_jobs(Jobs())] == [("new", 3), ("old", 0)]
