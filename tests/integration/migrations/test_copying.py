"""A copy brings everything, changes what it is asked to change, and names what the target refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from tests.integration.migrations.conftest import TABLE, Omnix, Side, by_id, purchase


def test_a_copy_keeps_everything_and_can_be_verified(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(400)])
    omnix("copy", TABLE, *target.to(), "--create")
    assert target.items() == source.items()
    assert len(target.items()) == 400
    omnix("verify", TABLE, *target.to())


def test_a_dry_run_counts_and_writes_nothing(omnix: Omnix, source: Side, target: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(30)])
    before = [purchase(1), purchase(2, quantity=50)]
    target.put(before)
    printed = omnix("copy", TABLE, *target.to(), "--dry-run", "--format", "json")
    (row,) = orjson.loads(printed)
    assert (row["read"], row["added"], row["changed"], row["unchanged"]) == (30, 28, 1, 1)
    assert row["write_units"] == 29 * 3  # an item of less than 1 KB, in the table and two indexes
    assert target.items() == by_id(before)
    assert not (tmp_path / ".omnix" / "migrations").exists()


@pytest.mark.parametrize("flag", ["--rewrite", "--mapping"])
def test_a_rewrite_changes_items(omnix: Omnix, source: Side, tmp_path: Path, flag: str) -> None:
    source.put([{"id": "1", "client": "ann", "debug": 1, "price": Decimal("1.10")}, {"id": "2"}])
    (tmp_path / "rules.toml").write_text(
        '[purchase-history]\nkey_prefix = "old-"\nrename = { client = "customerId" }\ndrop = ["debug"]\n'
        "set = { factor = 0.10 }\n"
    )
    omnix("copy", TABLE, "--to", "stage=other", "--create", flag, "rules.toml")
    omnix("export", TABLE, "--from", "stage=other", "--to", "copied")
    omnix("verify", TABLE, "--from", "copied", "--to", "stage=other")
    omnix("verify", TABLE, "--to", "stage=other", flag, "rules.toml")
    printed = omnix("copy", TABLE, "--from", "copied", "--dry-run", code=0)
    assert "What would be copied" in printed


def test_rewritten_items_leave_those_of_the_target_alone(
    omnix: Omnix, source: Side, target: Side, tmp_path: Path
) -> None:
    source.put([{"id": "1", "client": "ann", "debug": 1, "price": Decimal("1.10")}, {"id": "2"}])
    target.put([purchase(5)])
    (tmp_path / "rules.toml").write_text(
        '[purchase-history]\nkey_prefix = "old-"\nrename = { client = "customerId" }\ndrop = ["debug"]\n'
        "set = { factor = 0.10 }\n"
    )
    omnix("copy", TABLE, *target.to(), "--rewrite", "rules.toml")
    assert target.items() == {
        "p000005": purchase(5),
        "old-1": {"id": "old-1", "customerId": "ann", "price": Decimal("1.10"), "factor": Decimal("0.10")},
        "old-2": {"id": "old-2", "factor": Decimal("0.10")},
    }
    omnix("verify", TABLE, *target.to(), "--rewrite", "rules.toml")


def test_a_table_that_is_named_twice_is_copied_once(omnix: Omnix, source: Side) -> None:
    source.put([purchase(number) for number in range(10)])
    (row,) = orjson.loads(omnix("copy", TABLE, TABLE, "--to", "stage=other", "--create", "--format", "json"))
    assert row["read"] == 10


def test_items_that_dynamodb_refuses_are_named_and_the_others_arrive(
    omnix: Omnix, source: Side, dynamodb: Side
) -> None:
    source.put([purchase(1), purchase(2, review="x" * 410_000), purchase(3)])  # items have up to 400 KB
    printed = omnix("copy", TABLE, *dynamodb.to(), "--create", "--format", "json", code=5)
    assert "the target refused 1 items: p000002" in printed
    assert orjson.loads(printed.splitlines()[0])[0]["added"] == 2
    assert dynamodb.items().keys() == {"p000001", "p000003"}
