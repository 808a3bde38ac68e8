"""A verification that finds differences ends with an error that carries them."""

from __future__ import annotations

import pytest

from omnix_cli.errors import PartialError
from omnix_cli.services.migrations.sides import Source
from omnix_cli.services.migrations.verifying import VerifyReport, verify
from omnix_cli.stores.migrations.rewrites import load_rewrites
from tests.unit.services.migrations.test_differences import MemoryItems, keyed

ITEMS = keyed({"a": {"x": 1}, "b": {"x": 2}})
REWRITES = load_rewrites(None)


def test_equal_tables_give_a_report() -> None:
    report = verify(["products"], Source(MemoryItems(ITEMS)), Source(MemoryItems(ITEMS)), rewrites=REWRITES)
    assert (report.count, report.differences.height) == (0, 0)
    assert (report.tables[0].source_items, report.tables[0].target_items) == (2, 2)


def test_differences_of_all_tables_come_with_the_error() -> None:
    source = Source(MemoryItems(ITEMS), segments=2)
    target = Source(MemoryItems(keyed({"a": {"x": 1}, "c": {}})))
    with pytest.raises(PartialError, match="4 differences") as caught:
        verify(["products", "recommendations"], source, target, rewrites=REWRITES)
    report = caught.value.report
    assert isinstance(report, VerifyReport)
    assert report.differences.select("table", "key", "difference").rows() == [
        ("products", "b", "missing"),
        ("products", "c", "extra"),
        ("recommendations", "b", "missing"),
        ("recommendations", "c", "extra"),
    ]
