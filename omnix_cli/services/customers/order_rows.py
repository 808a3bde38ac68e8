"""The purchase rows of order documents, made as an import of orders makes them: same rules, same ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from omnix_cli.json_records.order_records import COMPLETED, OrderDocument
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import binding, cleaning
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.groups.identity import with_made_ids
from omnix_cli.steps.imports.instants import Clock
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.tables.purchase_items import purchase_items

Item = dict[str, Any]
_COLUMNS = (
    *("id", "customerId", "orderDate", "status", "storeLocation"),
    *(f"items.{name}" for name in ("productId", "quantity", "unitPrice", "totalPrice", "wasOnSale")),
)


@dataclass(frozen=True)
class OrderRows:
    """What an order comes to: its lines as items of `purchase-history` if it is completed, the ids that its lines have
    or would have; or, if an import would reject it, the `reason`."""

    items: tuple[Item, ...] = ()
    ids: tuple[str, ...] = ()
    reason: str | None = None


def order_rows(documents: Sequence[OrderDocument], *, now: datetime, timezone: str) -> list[OrderRows]:
    """The rows of each document. `timezone` is that of the shop. One bad line rejects its document; lines of orders
    that are not completed are not judged."""
    raw = _raw(documents)
    cleaned = cleaning.clean(raw, _reading(raw, now, timezone))
    rows: dict[int, list[Item]] = {}
    for number, item in _items(cleaned.rows):
        rows.setdefault(number, []).append(item)
    reasons = _reasons(cleaned.quarantine)
    found = []
    for number, document in enumerate(documents, start=1):
        items = tuple(rows.get(number, ()))
        if document.state != COMPLETED:
            found.append(OrderRows(ids=tuple(item["id"] for item in items)))
        elif number in reasons:
            found.append(OrderRows(reason=reasons[number]))
        elif any("orderId" not in item for item in items):
            found.append(OrderRows(reason=f"id: {document.id} means no order in an import"))
        else:
            found.append(OrderRows(items, tuple(item["id"] for item in items)))
    return found


@cache
def _mapping() -> ColumnMapping:
    return load_mapping("orders")


def _raw(documents: Sequence[OrderDocument]) -> pl.DataFrame:
    """The documents as an input has them: texts, one row an item. Of every order, it is asked what it would be if it
    were completed."""
    rows = [row for number, document in enumerate(documents, start=1) for row in _lines(number, document)]
    schema = {ROW_NUMBER: pl.UInt64, ITEM: pl.UInt32, **dict.fromkeys(_COLUMNS, pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _lines(number: int, document: OrderDocument) -> Iterator[tuple[Any, ...]]:
    order = (document.id, document.customer_id, document.order_date, COMPLETED, document.store_location)
    for place, item in enumerate(document.items, start=1):
        amounts = (None if value is None else f"{value:f}" for value in (item.unit_price, item.total_price))
        on_sale = None if item.was_on_sale is None else str(item.was_on_sale).lower()
        yield (number, place, *order, item.product_id, f"{item.quantity:f}", *amounts, on_sale)


def _reading(raw: pl.DataFrame, now: datetime, timezone: str) -> Reading:
    mapping = binding.bind(_mapping(), raw.columns, file="order")
    return Reading(mapping, "order", Clock((), False, timezone, timezone), decimal_comma=False, now=now)


def _reasons(quarantine: pl.DataFrame) -> Mapping[int, str]:
    """The first reason against each document."""
    first = quarantine.sort("row_number", "item").unique("row_number", keep="first", maintain_order=True)
    rows = first.select("row_number", "item", "column", "reason").iter_rows()
    return {number: f"items.{item - 1}: {column}: {reason}" for number, item, column, reason in rows}


def _items(lines: pl.DataFrame) -> Iterator[tuple[int, Item]]:
    """The lines as items, each with the number of its document, in the order of their ids' numbers.

    Lines of one product are numbered as in an import (see `steps.imports.groups.numbering`): equal ones follow each
    other, where the first of them is."""
    made = with_made_ids(lines, "purchases", _mapping().order_scope)
    content = [name for name in FRAMES["purchases"].schema.column_names() if name in made.columns]
    first = pl.col(ITEM).min().over(ROW_NUMBER, *content).alias("_first")
    placed = made.with_columns(first).sort(ROW_NUMBER, "_first", ITEM)
    number = pl.int_range(1, pl.len() + 1).over(ROW_NUMBER, "purchase_id")
    ids = pl.when(number > 1).then(pl.format("{}#{}", "purchase_id", number)).otherwise("purchase_id")
    numbered = placed.with_columns(ids.alias("purchase_id"))
    items = purchase_items(numbered).to_dicts()
    for document, item in zip(numbered[ROW_NUMBER], items, strict=True):
        item["quantity"] = _whole(item["quantity"])
        yield document, {name: value for name, value in item.items() if value is not None}


def _whole(quantity: int | Decimal) -> int | Decimal:
    """A quantity without empty decimals, which it has if another one of the batch needs them."""
    return int(quantity) if quantity == int(quantity) else Decimal(quantity).normalize()
