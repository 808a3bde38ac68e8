from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, OmnixError, UnavailableError
from omnix_cli.stores.replies.reply_table import (
    REPLIES_FILE,
    REPLY_COLUMNS,
    ReplyTable,
    instant,
    kept_reply,
    reply_of,
    row_of,
)
from omnix_cli.stores.sqlite.errors import translated
from tests.questions import MOMENT, question, questions, reply


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


def test_a_file_of_an_earlier_release_gets_what_it_lacks(tmp_path: Path) -> None:
    first, second = questions(2)
    table = ReplyTable(tmp_path / "answers.sqlite", busy_seconds=1)
    table.add([kept_reply(reply(first), first)])
    table.close()
    with sqlite3.connect(tmp_path / "answers.sqlite") as database:
        database.execute("ALTER TABLE replies DROP COLUMN max_output_tokens")
        database.execute("DROP TABLE losses")
    database.close()
    table = ReplyTable(tmp_path / "answers.sqlite", busy_seconds=1)
    table.add([kept_reply(reply(second, max_output_tokens=64), second)])
    kept = {one.reply.question: one.reply for one in table.unshared(10)}
    assert kept == {first.key: reply(first), second.key: reply(second, max_output_tokens=64)}
    assert table.unshared_losses() == []
    table.close()


def test_a_reply_is_unshared_until_it_has_a_file(tmp_path: Path) -> None:
    table = ReplyTable(tmp_path / "answers.sqlite", busy_seconds=1)
    kept = [kept_reply(reply(one), one) for one in questions(3)]
    table.add(kept)
    table.add(kept)
    assert table.unshared(10) == sorted(kept, key=lambda one: one.reply.question)
    assert len(table.unshared(2)) == 2
    table.set_file([kept[0].reply.question], "replies-1.jsonl")
    assert kept[0] not in table.unshared(10)
    assert table.files() == table.files([kept[0].reply.question]) == {"replies-1.jsonl"}
    assert table.files([kept[1].reply.question]) == set()
    table.close()


def test_only_replies_until_then_are_removed(tmp_path: Path) -> None:
    table = ReplyTable(tmp_path / "answers.sqlite", busy_seconds=1)
    asked = question("ann")
    table.add([kept_reply(reply(asked), asked)])
    table.remove({asked.key: MOMENT - timedelta(seconds=1)})
    assert table.query("SELECT COUNT(*) FROM asked") == [(1,)]
    table.remove({asked.key: MOMENT})
    assert table.query("SELECT COUNT(*) FROM asked") == [(0,)]
    table.close()


def test_a_file_in_use_can_be_tried_again(tmp_path: Path) -> None:
    table, other = (ReplyTable(tmp_path / "answers.sqlite", busy_seconds=0.05) for _ in range(2))
    asked = question("ann")
    table.query("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="is in use") as raised:
        other.add([kept_reply(reply(asked), asked)])
    assert raised.value.hint
    table.close()
    other.close()


def sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("it failed")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_LOCKED), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY | 2 << 8), UnavailableError),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), CorruptCheckpoint),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), CorruptCheckpoint),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), ConfigError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN), ConfigError),
    ],
)
def test_errors_that_sqlite_raises_in_practice(
    tmp_path: Path, error: sqlite3.Error, expected: type[OmnixError]
) -> None:
    with pytest.raises(expected) as raised, translated(tmp_path / "answers.sqlite", REPLIES_FILE):
        raise error
    assert raised.value.hint


def test_a_wrong_statement_is_a_bug_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), translated(tmp_path / "answers.sqlite", REPLIES_FILE):
        raise sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_ERROR)
