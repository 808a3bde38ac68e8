"""Asking a model again about the customers for whom it gave no valid answer."""

from __future__ import annotations

import polars as pl

from omnix_cli.services.lookups.run_frames import RunFrames
from omnix_cli.services.runs.commands import Command, RunReport, bring_up_to_date
from omnix_cli.services.runs.runner import Runner
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers

RETRY = Command("predict retry-failed", ("predict",))


def retry_failed(runner: Runner, frames: RunFrames, answers: SqliteAnswers, *, model: str, prompt: str) -> RunReport:
    """Asks again about the customers in the dead letters of the newest predictions for the run's day, and predicts
    again. `frames` are the frames of that day."""
    as_of = runner.as_of()
    asked = answers.asked(model=model, prompt=prompt, since=as_of, until=as_of)
    answers.drop(questions_to_drop(frames.scan("dead_letters").collect(), asked))
    return bring_up_to_date(RETRY, lambda: runner, force=True)


def questions_to_drop(dead_letters: pl.DataFrame, asked: pl.DataFrame) -> list[str]:
    """The questions whose replies must be deleted before their customers can be asked about again: those about
    customers of `dead_letters` (`customer_id`) only. `asked` has one row for each `customer_id` and `question`."""
    failed = pl.col("customer_id").is_in(dead_letters["customer_id"].implode())
    return asked.group_by("question").agg(failed.all().alias("all")).filter("all")["question"].sort().to_list()
