"""Frames as documents: they read back as the items do, whatever is in them."""

from __future__ import annotations

import math
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import assume, given, settings

from omnix_cli.item_frames import items_of
from omnix_cli.stores.sqlite.documents import decode, encode
from omnix_cli.stores.sqlite.frame_documents import frame_documents
from tests.item_frames import frames


@settings(deadline=None)
@given(frames())
def test_a_document_has_every_value_of_its_item(frame: pl.DataFrame) -> None:
    documents = frame_documents(frame)
    assume(documents is not None)
    assert documents is not None
    read, meant = ([decode(text) for text in texts] for texts in (documents, map(encode, items_of(frame))))
    assert read == meant
    assert [list(item) for item in read] == [list(item) for item in meant]  # in the same order
    assert repr(read) == repr(meant)  # an int stays an int, and a decimal keeps its places


def test_a_document_reads_as_it_would_item_by_item() -> None:
    frame = pl.DataFrame(
        {
            "id": ["a", "b"],
            "price": [Decimal("1.50"), None],
            "tags": [["x", None], None],
            "offers": [[{"shop": None, "price": Decimal("3")}, None], []],
            "size": [{"width": None}, None],
        },
        schema_overrides={
            "price": pl.Decimal(38, 2),
            "offers": pl.List(pl.Struct({"shop": pl.String, "price": pl.Decimal(38, 0)})),
            "size": pl.Struct({"width": pl.Int64}),
        },
    )
    documents = frame_documents(frame)
    assert documents is not None
    assert documents.to_list() == [
        '{"id":"a","price":1.50,"tags":["x",null],"offers":[{"price":3E0},null],"size":{}}',
        '{"id":"b","offers":[]}',
    ]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("bytes", [b"x"]),
        pl.Series("price", [1.5]),
        pl.Series("price", [math.nan]),
        pl.Series("prices", [[Decimal("1.5")]]),
        pl.Series("marked", [{"$set": ["x"]}]),
        pl.Series("ends\0", ["x"]),
    ],
)
def test_what_a_frame_cannot_write_is_left_to_the_items(column: pl.Series) -> None:
    assert frame_documents(pl.DataFrame([pl.Series("id", ["a"]), column])) is None
