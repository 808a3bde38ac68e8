"""What a copy does not write, although its source has it: items of customers whom the target has forgotten, and lines
of orders that the target knows from documents about them, since those say which lines there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from omnix_cli.errors import NoTable
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE
from omnix_cli.stores.tables.store_tombstones import NOBODY, OtherCustomers, StoreTombstones

ORDERS = "order-states"
Chunk = list[dict[str, Any]] | pl.DataFrame


@dataclass(frozen=True)
class LeftOut:
    """What a target does not take. By default it takes everything."""

    others: OtherCustomers = field(default_factory=lambda: NOBODY)
    orders: TableStore | None = None
    """The target, if it knows orders of its own: their lines are read for each chunk."""

    @classmethod
    def of(cls, target: TableStore) -> LeftOut:
        """By what the tables of a target say now."""
        try:
            knows_orders = next(iter(target.scan(ORDERS, attributes=("id",))), None) is not None
        except NoTable:
            knows_orders = False
        return cls(StoreTombstones(target).others(), target if knows_orders else None)

    def taken(self, table: str, chunk: Chunk) -> Chunk:
        """The items of a chunk that are written."""
        has_orders = table == PURCHASE_TABLE and self.orders is not None
        if isinstance(chunk, pl.DataFrame):
            left = self.others.without_rows(table, chunk)
            if not has_orders or not {"orderId", "customerId"} <= set(left.columns):
                return left
            lines = left.select("id", "orderId", "customerId").drop_nulls()
            known = self._of_known_orders(lines.to_dicts())
            return left.filter(~pl.col("id").is_in(sorted(known))) if known else left
        items = self.others.without(table, chunk)
        known = self._of_known_orders([item for item in items if "orderId" in item]) if has_orders else set()
        return [item for item in items if item["id"] not in known] if known else items

    def _of_known_orders(self, lines: Sequence[Mapping[str, Any]]) -> set[str]:
        """The ids of the lines whose order the target knows."""
        if self.orders is None or not lines:
            return set()
        ids = sorted({line["orderId"] for line in lines})
        known = {(state["id"], state.get("customerId")) for state in self.orders.get_many(ORDERS, ids)}
        return {line["id"] for line in lines if (line["orderId"], line.get("customerId")) in known}
