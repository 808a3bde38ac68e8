"""The orders that files begin and end with: a file may begin or end within an order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import polars as pl

from omnix_cli.services.importing.identify_rows import NO_HASHES, Hashes, Identifier
from omnix_cli.steps.imports.groups.identity import FILE, order_keys
from omnix_cli.steps.imports.groups.stated_lines import Edges


@dataclass
class _Edge:
    """The order that a file begins or ends with, a row of it, and the hashes of its groups."""

    order: str | None = None
    row: pl.DataFrame | None = None
    groups: list[Hashes] = field(default_factory=list)


class FileEdges:
    """The first and the last order of each file; none where orders are replaced as a whole."""

    def __init__(self, identifier: Identifier) -> None:
        self._identifier = identifier
        self._head, self._tail, self._in_head = _Edge(), _Edge(), True
        self._edges: list[tuple[int, str, bool, bool]] = []

    def add(self, rows: pl.DataFrame, groups: Hashes | None) -> None:
        """Adds rows of a file in order, with the hashes of their groups if these are needed."""
        if self._identifier.kind != "purchases" or self._identifier.whole_orders:
            return
        orders = rows["order_id"]
        first, last = orders[0], orders[-1]
        if self._in_head:
            if self._head.order is None and first is not None:
                self._head = _Edge(first, rows.head(1))
            if first is not None and first == self._head.order and groups is not None:
                self._head.groups.append(groups[(orders == first).fill_null(False).to_numpy()])
            self._in_head = last is not None and last == self._head.order
        if last != self._tail.order or last is None:
            self._tail = _Edge(last, rows.tail(1)) if last is not None else _Edge()
        if last is not None and groups is not None:
            self._tail.groups.append(groups[(orders == last).fill_null(False).to_numpy()])

    def end_file(self, number: int) -> Hashes:
        """Call it when all rows of a file are added; returns the groups of its first and its last order."""
        for edge, begins in ((self._head, True), (self._tail, False)):
            if edge.row is not None and (key := self._key(edge.row)) is not None:
                self._edges.append((number, key, begins, not begins))
        groups = [*self._head.groups, *self._tail.groups]
        self._head, self._tail, self._in_head = _Edge(), _Edge(), True
        return np.concatenate(groups) if groups else NO_HASHES

    def orders(self) -> pl.DataFrame:
        """The orders of all files, as `Edges` has them."""
        found = pl.DataFrame(self._edges, schema=Edges.none().orders.schema, orient="row")
        return found.group_by(FILE, "order").agg(pl.col("begins", "ends").any())

    def _key(self, row: pl.DataFrame) -> str | None:
        ids = self._identifier.identified(row)[self._identifier.own_id]
        return cast("str | None", order_keys(ids)[0])
