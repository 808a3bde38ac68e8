"""What any ledger of replies must do, whatever it is kept on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Loss
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.aws.buckets import TestBucket
from tests.memory_answers import MemoryLedger
from tests.questions import DAY, MODEL, MOMENT, PROMPT, question, questions, reply

Open = Callable[[], AbstractContextManager[AnswerLedger]]


@pytest.fixture(params=["in memory", "sqlite", "shared on disk", "shared on s3"])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the ledger as a new process does."""
    if request.param == "in memory":
        kept = MemoryLedger()
        return lambda: nullcontext(kept)
    if request.param == "sqlite":
        return lambda: SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: MOMENT)
    if request.param == "shared on disk":
        disk = DiskFolder(tmp_path / "shared")
        return lambda: SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: MOMENT, shared=disk)
    bucket: TestBucket = request.getfixturevalue("bucket")
    shared = S3Folder(bucket.at.within("team").within("answers"))
    return lambda: SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: MOMENT, shared=shared)


def test_a_reply_comes_back_as_it_was(open_ledger: Open) -> None:
    asked = question("ann", "bob")
    with open_ledger() as ledger:
        assert ledger.replies([asked.key]) == {}
        ledger.keep(reply(asked, text='{"reasoning": "Käse, 牛乳 🥛"}'), asked)
    with open_ledger() as ledger:
        expected = reply(asked, text='{"reasoning": "Käse, 牛乳 🥛"}')
        assert ledger.replies([asked.key, "unknown"]) == {asked.key: expected}


def test_the_same_question_again_changes_nothing(open_ledger: Open) -> None:
    asked = question("ann")
    with open_ledger() as ledger:
        ledger.keep(reply(asked), asked)
        ledger.keep(reply(asked, text="another", cost=Decimal(9)), asked)
        assert ledger.replies([asked.key]) == {asked.key: reply(asked)}


def test_many_are_kept_at_once(open_ledger: Open) -> None:
    asked = questions(1200, products=1)
    with open_ledger() as ledger:
        ledger.keep(reply(asked[3], text="the first"), asked[3])
        ledger.keep_all((reply(one), one) for one in asked)
    with open_ledger() as ledger:
        known = ledger.replies([one.key for one in asked])
        assert len(known) == 1200
        assert known[asked[3].key].text == "the first"
        ledger.keep_all([])


def test_more_questions_than_a_statement_has_room_for(open_ledger: Open) -> None:
    asked = questions(3)
    with open_ledger() as ledger:
        for one in asked:
            ledger.keep(reply(one), one)
        keys = [one.key for one in asked] + [f"unknown-{number}" for number in range(50_000)]
        assert ledger.replies(keys).keys() == {one.key for one in asked}


def test_who_was_asked_about_newest_first(open_ledger: Open) -> None:
    old = question("ann", "bob", day=DAY - timedelta(days=20))
    recent = question("ann", day=DAY - timedelta(days=3), history="h2", priors=('{"P1": []}',))
    repaired = question("ann", day=DAY - timedelta(days=3), history="h2", products=2)
    other = question("ann", model="amazon.nova-pro-v1:0")
    with open_ledger() as ledger:
        for number, one in enumerate((old, recent, repaired, other)):
            ledger.keep(reply(one, replied_at=MOMENT + timedelta(seconds=number)), one)
        told = ledger.asked(model=MODEL, prompt=PROMPT, since=DAY - timedelta(days=20), until=DAY)
        assert told.schema == {
            "customer_id": pl.String,
            "history": pl.String,
            "prior": pl.String,
            "question": pl.String,
            "as_of": pl.Date,
        }
        assert told.rows() == [
            ("ann", "h2-ann", "prior-ann", repaired.key, DAY - timedelta(days=3)),
            ("ann", "h2-ann", '{"P1": []}', recent.key, DAY - timedelta(days=3)),
            ("ann", "h1-ann", "prior-ann", old.key, DAY - timedelta(days=20)),
            ("bob", "h1-bob", "prior-bob", old.key, DAY - timedelta(days=20)),
        ]
        since = DAY - timedelta(days=19)
        assert ledger.asked(model=MODEL, prompt=PROMPT, since=since, until=DAY)["customer_id"].to_list() == ["ann"] * 2
        assert ledger.asked(model=MODEL, prompt="other@1:0", since=since, until=DAY).height == 0
        assert ledger.asked(model=MODEL, prompt=PROMPT, since=DAY, until=date.max).height == 0


def test_totals_by_run_model_prompt_and_mode(open_ledger: Open) -> None:
    first, second, third = questions(3)
    with open_ledger() as ledger:
        ledger.keep(reply(first), first)
        ledger.keep(reply(second), second)
        ledger.keep(reply(third, run="run-2", way="batch", replied_at=MOMENT + timedelta(days=1)), third)
        totals = ledger.totals()
    assert totals.columns[-2:] == ["cost", "may_have_been_billed"]
    assert totals.drop("cost", "may_have_been_billed").rows() == [
        ("run-2", MODEL, PROMPT, "batch", 1, 1000, 500, 200, 10),
        ("run-1", MODEL, PROMPT, "on demand", 2, 2000, 1000, 400, 20),
    ]
    assert totals["cost"].to_list() == pytest.approx([0.000185, 0.00037])


def test_what_may_have_been_billed_is_kept_and_counted_once(open_ledger: Open, tmp_path: Path) -> None:
    (asked,) = questions(1)
    told = {"model": MODEL, "prompt": PROMPT, "way": "on_demand", "noted_at": MOMENT}
    with open_ledger() as ledger:
        ledger.keep(reply(asked), asked)
        for id, run, dollars in (
            ("a", "run-1", "0.25"),
            ("a", "run-1", "0.25"),
            ("b", "run-1", "0.5"),
            ("c", "run-2", "1"),
        ):
            ledger.keep_loss(Loss(id=id, run=run, dollars=Decimal(dollars), **told))
    for file in tmp_path.glob("answers.sqlite*"):  # another machine has only what is shared
        if (tmp_path / "shared").exists():
            file.unlink()
    with open_ledger() as ledger:
        rows = ledger.totals().select("run", "replies", "cost", "may_have_been_billed").rows()
    assert sorted(rows) == [("run-1", 1, pytest.approx(0.000185), 0.75), ("run-2", 0, 0.0, 1.0)]


def test_a_customer_is_forgotten_with_every_reply_they_stood_in(open_ledger: Open) -> None:
    alone, together, other = question("ann"), question("bob", "ann"), question("cid")
    with open_ledger() as ledger:
        for asked in (alone, together, other):
            ledger.keep(reply(asked), asked)
    with open_ledger() as ledger:
        assert ledger.forget("ann") == 2
        assert ledger.forget("ann") == 0
        assert ledger.forget("nobody") == 0
    with open_ledger() as ledger:
        assert ledger.replies([alone.key, together.key, other.key]).keys() == {other.key}
        asked = ledger.asked(model=MODEL, prompt=PROMPT, since=DAY, until=DAY)
        assert asked["customer_id"].to_list() == ["cid"]


def test_a_question_about_nobody_is_kept_too(open_ledger: Open) -> None:
    asked = question()
    with open_ledger() as ledger:
        ledger.keep(reply(asked), asked)
    with open_ledger() as ledger:
        assert ledger.replies([asked.key]) == {asked.key: reply(asked)}
        assert ledger.asked(model=MODEL, prompt=PROMPT, since=DAY, until=DAY).height == 0


def test_many_threads_keep_at_a_time(open_ledger: Open) -> None:
    asked = questions(200)

    def work(part: int) -> None:
        for one in asked[part::8]:
            ledger.keep(reply(one), one)
            assert one.key in ledger.replies([one.key])

    with open_ledger() as ledger:
        threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with open_ledger() as ledger:
        assert len(ledger.replies([one.key for one in asked])) == 200


def test_dropped_questions_can_be_asked_again(open_ledger: Open) -> None:
    gone, left = questions(2)
    with open_ledger() as ledger:
        for asked in (gone, left):
            ledger.keep(reply(asked), asked)
        ledger.drop([gone.key, "unknown"])
        assert ledger.replies([gone.key, left.key]).keys() == {left.key}
        ledger.keep(reply(gone, text="better", replied_at=MOMENT + timedelta(seconds=1)), gone)
    with open_ledger() as ledger:
        assert ledger.replies([gone.key])[gone.key].text == "better"


def test_the_mean_time_of_an_answer_on_demand(open_ledger: Open) -> None:
    first, second, third = questions(3)
    with open_ledger() as ledger:
        assert ledger.seconds_per_reply(model=MODEL) is None
        ledger.keep(reply(first, seconds=1), first)
        ledger.keep(reply(second, seconds=2), second)
        ledger.keep(reply(third, seconds=100, way="batch"), third)
        assert ledger.seconds_per_reply(model=MODEL) == 1.5
        assert ledger.seconds_per_reply(model="another") is None
