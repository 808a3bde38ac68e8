"""The stages of an import, each on its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime

import polars as pl

from omnix_cli.services.importing.read_files import Reader
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.inputs.sources import Source

NOW = datetime(2020, 6, 1, tzinfo=UTC)
GOOD = "customer_id,product_id,order_id,quantity,purchased_at\n1,p,o,2,2020-05-01\n2,q,o2,1,2020-05-02\n"


class Held:
    """Rows in memory. Implements `protocols.Spill`, but for `stage`, which no reader calls."""

    def __init__(self) -> None:
        self.held: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        self.held.append(rows)

    def pieces(self) -> Iterator[pl.DataFrame]:
        yield from self.held


def reader(kind: str = "purchases", timezone: str = "UTC") -> Reader:
    return Reader(load_mapping(kind), timezone, NOW, lambda: nullcontext(Held()))  # type: ignore[arg-type]


def source(content: str, kind: str = "purchases") -> Source:
    return Source("a.csv", io.BytesIO(content.encode()), load_mapping(kind))
