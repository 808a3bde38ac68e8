"""A table as SQLite has it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from omnix_cli.item_frames import items_of
from omnix_cli.stores.sqlite.statements import TableSql
from omnix_cli.stores.tables.specs import TABLES

LISTS = TableSql(TABLES["recommendations"], "lists")


def test_items_are_found_by_columns_of_their_own() -> None:
    assert LISTS.columns == {"customerId": "TEXT", "generatedAt": "TEXT", "ttl": "INTEGER"}
    row = LISTS.row({"id": "a", "customerId": "c1", "ttl": Decimal("9.5")})
    assert row == ("a", "c1", None, 9, '{"id":"a","customerId":"c1","ttl":9.5}')


def test_a_frame_has_the_rows_of_its_items() -> None:
    frame = pl.DataFrame(
        {"id": ["a", "b"], "ttl": [9, None], "score": [Decimal("0.50"), None], "customerId": ["c", None]}
    )
    assert list(LISTS.rows(frame)) == [LISTS.row(item) for item in items_of(frame)]
    other = frame.select("id", ttl=pl.lit("soon"), bytes=pl.lit(b"x"))
    assert list(LISTS.rows(other)) == [LISTS.row(item) for item in items_of(other)]


def test_an_index_leaves_out_items_without_its_attributes() -> None:
    assert list(LISTS.create())[1] == (
        'CREATE INDEX IF NOT EXISTS "lists/customerId-generatedAt-index" ON "lists"'
        ' ("customerId", "generatedAt", "id") WHERE "customerId" IS NOT NULL AND "generatedAt" IS NOT NULL'
    )


def test_only_tables_with_an_expiry_skip_expired_items() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert (LISTS.alive, LISTS.alive_at(now)) == (' AND ("ttl" IS NULL OR "ttl" > ?)', (now.timestamp(),))
    products = TableSql(TABLES["products"], "products")
    assert (products.alive, products.alive_at(now)) == ("", ())
