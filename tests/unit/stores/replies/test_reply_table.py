from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.replies.reply_table import ReplyTable
from omnix_cli.stores.replies.rows import kept_reply
from tests.questions import MOMENT, question, questions, reply


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
