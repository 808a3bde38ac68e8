"""Items as the rows of a frame."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from omnix_cli.item_frames import as_dictionaries, items_of


def test_null_is_absent_but_in_a_list() -> None:
    frame = pl.DataFrame(
        {
            "id": ["milk", "tea"],
            "price": [Decimal("1.10"), None],
            "size": [{"width": 1, "height": None}, None],
            "tags": [["cold", None], None],
        }
    )
    assert list(items_of(frame)) == [
        {"id": "milk", "price": Decimal("1.10"), "size": {"width": 1}, "tags": ["cold", None]},
        {"id": "tea"},
    ]


def test_dictionaries_stay_what_they_are() -> None:
    items = [{"id": "milk"}]
    assert as_dictionaries(items) is items
    assert list(as_dictionaries(pl.DataFrame({"id": ["milk"]}))) == items
