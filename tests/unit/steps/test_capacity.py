"""Sizes and units as DynamoDB documents them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.item_frames import items_of
from omnix_cli.steps.capacity import frame_bytes, item_bytes, list_bytes, map_bytes, read_units, scan_units, write_units
from omnix_cli.stores.dynamodb.wire import to_wire
from tests.aws.counting_proxy import item_bytes as bytes_of_wire
from tests.contracts.table_store.examples import attributes


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("milk", 4),
        ("é", 2),
        (0, 1),
        (7, 2),
        (-100, 2),
        (12345, 4),
        (10**37, 2),
        (Decimal("0.050"), 2),
        (Decimal("-12.34"), 3),
        (Decimal("1E+30"), 2),
        (True, 1),
        (None, 1),
        (b"\0\1\2", 3),
        ([], 3),
        (["a", "bc"], 3 + 2 + 3),
        ({}, 3),
        ({"ab": {"c": 1}}, 3 + 1 + 2 + (3 + 1 + 1 + 2)),
        ({"a", "bc"}, 3),
        ({1, Decimal("2.5")}, 4),
    ],
)
def test_each_type_counts_what_the_guide_says(value: Any, size: int) -> None:
    assert item_bytes({"name": value}) == 4 + size


@given(item=attributes)
def test_an_item_counts_as_its_wire_form_does(item: dict[str, Any]) -> None:
    assert item_bytes(item) == bytes_of_wire(to_wire(item))


rows = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        "text": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        "whole": st.none() | st.integers(-(2**62), 2**62),
        "exact": st.none() | st.decimals(-(10**12), 10**12, places=4, allow_nan=False),
        "flag": st.none() | st.booleans(),
        "photo": st.none() | st.binary(max_size=9),
        "tags": st.none() | st.lists(st.none() | st.text("aé", max_size=3), max_size=3),
        "offers": st.none() | st.lists(st.fixed_dictionaries({"shop": st.none() | st.text("ab")}), max_size=3),
    }
)
SCHEMA = {
    "id": pl.String(),
    "text": pl.String(),
    "whole": pl.Int64(),
    "exact": pl.Decimal(38, 4),
    "flag": pl.Boolean(),
    "photo": pl.Binary(),
    "tags": pl.List(pl.String()),
    "offers": pl.List(pl.Struct({"shop": pl.String()})),
}


@given(items=st.lists(rows, min_size=1, max_size=5))
def test_a_row_counts_as_its_item_does(items: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(items, schema=SCHEMA, orient="row")
    assert frame_bytes(frame).to_list() == [item_bytes(item) for item in items_of(frame)]


def test_maps_add_up_to_their_list() -> None:
    frame = pl.DataFrame({"name": ["milk", "tea"], "rank": [1, 20], "shelf": [None, "top"]})
    sizes = frame.select(list_bytes(map_bytes(frame))).item()
    assert sizes + len("entries") == item_bytes({"entries": list(items_of(frame))})


def test_units_are_rounded_up_for_each_item() -> None:
    assert [write_units(size) for size in (0, 1, 1024, 1025, 400_000)] == [0, 1, 1, 2, 391]
    assert [read_units(size) for size in (0, 1, 4096, 4097)] == [1, 1, 1, 2]
    assert [scan_units(size) for size in (0, 1, 4096, 4097)] == [0, 0.5, 0.5, 1]
