"""Replies as rows of SQLite and back."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from omnix_cli.stores.replies.rows import REPLY_COLUMNS, instant, kept_reply, reply_of, row_of
from tests.questions import MOMENT, question, reply


def test_a_reply_is_the_same_after_a_row() -> None:
    asked = question("ann", "bob")
    row = row_of(kept_reply(reply(asked), asked))
    assert len(row) == len(REPLY_COLUMNS.split(", "))
    assert reply_of(row) == reply(asked)


def test_a_question_without_a_forecast_keeps_an_empty_one_for_each_customer() -> None:
    asked = question("ann", "bob", priors=())
    assert kept_reply(reply(asked), asked).priors == ("", "")


def test_times_sort_as_text_whatever_their_zone() -> None:
    later = (MOMENT + timedelta(microseconds=1)).astimezone(ZoneInfo("America/New_York"))
    assert instant(MOMENT) < instant(later)
    assert datetime.fromisoformat(instant(later)) == later


def test_only_replies_after_the_drop_come_back() -> None:
    asked = question("ann")
    kept = kept_reply(reply(asked), asked)
    assert kept.is_newer({}) and kept.is_newer({asked.key: MOMENT - timedelta(seconds=1)})
    assert not kept.is_newer({asked.key: MOMENT})
