"""`omnix tables undo` leaves the target as it was before the copy."""

from __future__ import annotations

import orjson
import pytest

from omnix_cli.cli import main
from tests.integration.migrations.conftest import TABLE, Omnix, Side, by_id, purchase


def test_an_undone_copy_leaves_the_target_as_it_was(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(250)])
    before = [purchase(3, quantity=99, only_here=b"\0"), purchase(4), purchase(777)]
    target.put(before)
    omnix("copy", TABLE, *target.to())
    assert target.items() == source.items() | {"p000777": purchase(777)}
    omnix("undo", "latest")
    assert target.items() == by_id(before)


def test_a_copy_is_undone_once(omnix: Omnix, source: Side) -> None:
    source.put([purchase(number) for number in range(10)])
    omnix("copy", TABLE, "--to", "stage=other", "--create")
    for items in (10, 0):
        assert orjson.loads(omnix("undo", "latest", "--format", "json")) == [{"table": TABLE, "items": items}]


def test_a_run_that_does_not_exist_is_refused(omnix: Omnix) -> None:
    assert "there is no copy '2026'" in omnix("undo", "2026", code=2)


def test_the_old_spelling_works_and_names_the_new_one(
    omnix: Omnix, source: Side, capfd: pytest.CaptureFixture[str]
) -> None:
    source.put([purchase(1)])
    omnix("copy", TABLE, "--to", "stage=other", "--create")
    assert main(["tables", "copy", "--undo", "latest"]) == 0
    printed = capfd.readouterr()
    assert "Put back" in printed.out
    assert "use `tables undo`" in printed.err
