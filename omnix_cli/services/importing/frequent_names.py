"""Products that are named on many rows get their most frequent name."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.protocols.inputs import Spill

_PRODUCT = ["product_id", "name"]


class FrequentNames:
    """Holds the products of an import back until all names are counted."""

    def __init__(self, held: Spill) -> None:
        self._held = held
        self._counts = pl.DataFrame(schema={"product_id": pl.String, "name": pl.String, "len": pl.UInt32})

    def add(self, rows: pl.DataFrame) -> None:
        """Counts the names of these products."""
        self._held.add(rows)
        counted = rows.group_by(_PRODUCT, maintain_order=True).agg(pl.len().cast(pl.UInt32))
        self._counts = pl.concat([self._counts, counted])

    def rows(self) -> Iterator[pl.DataFrame]:
        """All rows in order, each with the most frequent name of its product; of equally frequent ones the later."""
        totals = self._counts.with_row_index().group_by(_PRODUCT).agg(pl.col("len").sum(), pl.col("index").max())
        names = (
            totals.sort("len", "index").unique("product_id", keep="last").select(_PRODUCT) if len(totals) else totals
        )
        for piece in self._held.pieces():
            named = piece.drop("name").join(names, on="product_id", how="left", maintain_order="left")
            yield named.select(piece.columns)
