"""Comparing two sides; a verification that finds differences ends with an error that carries them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import PartialError
from omnix_cli.services.migrations.sides import Source
from omnix_cli.services.migrations.verifying import (
    SOURCE,
    TARGET,
    Comparison,
    TablePair,
    VerifyReport,
    compare_table,
    verify,
)
from omnix_cli.stores.migrations.key_buckets import KeyBuckets
from omnix_cli.stores.migrations.rewrites import ItemRewrite, RewriteRules, load_rewrites
from omnix_cli.stores.tables.specs import TABLES
from tests.unit.services.migrations.memory_items import Item, MemoryItems, keyed

ITEMS = keyed({"a": {"x": 1}, "b": {"x": 2}})
REWRITES = load_rewrites(None)


def compared(source: MemoryItems, target: MemoryItems, *, rows_in_memory: int = 100, **changes: Any) -> Comparison:
    options = {"rewrite": ItemRewrite("id"), "segments": 3, **changes}
    with TemporaryDirectory() as folder:
        buckets = KeyBuckets(Path(folder), rows_in_memory=rows_in_memory)
        return compare_table(TablePair(TABLES["products"], source, target, **options), buckets)


sides = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2) | st.none() | st.sets(st.sampled_from("ab"), min_size=1)),
    max_size=25,
)


@settings(max_examples=50, deadline=None)
@given(sides, sides, st.booleans(), st.sampled_from([3, 100_000]))
def test_every_difference_is_found(
    left: dict[str, Item], right: dict[str, Item], same: bool, rows_in_memory: int
) -> None:
    source, target = keyed(left), keyed({**left, **right} if same else right)
    wanted = []
    for key in sorted(source.keys() | target.keys()):
        one, other = source.get(key, {}), target.get(key, {})
        if key not in target:
            wanted.append(("products", key, "missing", []))
        elif key not in source:
            wanted.append(("products", key, "extra", []))
        elif one != other:
            names = [name for name in "xyz" if (name in one, one.get(name)) != (name in other, other.get(name))]
            wanted.append(("products", key, "different", names))
    found = compared(MemoryItems(source), MemoryItems(target), rows_in_memory=rows_in_memory)
    assert found.differences.rows() == wanted
    assert (found.source_items, found.target_items, found.count) == (len(source), len(target), len(wanted))


@pytest.mark.parametrize("rows_in_memory", [3, 100_000])
def test_equal_sides_are_read_once(rows_in_memory: int) -> None:
    items = keyed({f"{number}": {"x": number} for number in range(500)})
    source, target = MemoryItems(items), MemoryItems(items)
    assert compared(source, target, rows_in_memory=rows_in_memory).count == 0
    assert source.fetched == target.fetched == []


def test_items_that_a_stale_scan_missed_are_not_differences() -> None:
    items = keyed({"a": {"x": 1}, "b": {"x": 2}, "c": {}})
    stale = keyed({"a": {"x": 1}, "b": {"x": 1}, "d": {}})
    assert compared(MemoryItems(items), MemoryItems(items, scanned=stale)).count == 0


def test_only_keys_that_the_rewrite_can_have_made_count_in_the_target() -> None:
    source = MemoryItems(keyed({"1": {"a": 1}, "2": {"a": 2}}))
    target = MemoryItems(keyed({"new-1": {"b": 1}, "1": {"other": True}, "new-3": {"b": 3}}))
    rewrite = ItemRewrite("id", RewriteRules(key_prefix="new-", rename={"a": "b"}))
    found = compared(source, target, rewrite=rewrite)
    assert [row[1:3] for row in found.differences.rows()] == [("new-2", "missing"), ("new-3", "extra")]
    assert found.target_items == 2


def test_each_side_keeps_to_its_own_read_units() -> None:
    items = MemoryItems(keyed({f"{number}": {} for number in range(40)}))
    taken: dict[str, list[float]] = {SOURCE: [], TARGET: []}
    compared(items, items, paces={side: taken[side].append for side in taken})
    assert [len(taken[side]) for side in (SOURCE, TARGET)] == [40, 40]


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
