"""Products that are named on many rows get their most frequent name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from omnix_cli.protocols.inputs import Spill
from omnix_cli.schemas import FRAMES

_PRODUCT = ["product_id", "name"]


class FrequentNames:
    """Holds the products of an import back until all names are counted, with those of `earlier` imports (frames
    `product_names`)."""

    def __init__(self, held: Spill, earlier: Sequence[pl.LazyFrame] = ()) -> None:
        self._held = held
        self._earlier = earlier
        self._counts: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Counts the names of these products."""
        self._held.add(rows)
        self._counts.append(rows.group_by(_PRODUCT, maintain_order=True).agg(pl.len().cast(pl.Int32).alias("rows")))

    def counts(self) -> pl.DataFrame:
        """The names of this import and their rows, as the frame `product_names`."""
        spec = FRAMES["product_names"]
        counts = pl.concat([spec.empty(), *self._counts])
        return spec.conform(counts.group_by(_PRODUCT).agg(pl.col("rows").sum()).sort(_PRODUCT))

    def rows(self) -> Iterator[pl.DataFrame]:
        """All rows in order, each with the most frequent name of its product; of equally frequent ones the later."""
        names = self._names() if self._counts else FRAMES["product_names"].empty()
        for piece in self._held.pieces():
            named = piece.drop("name").join(names.select(_PRODUCT), on="product_id", how="left", maintain_order="left")
            yield named.select(piece.columns)

    def _names(self) -> pl.DataFrame:
        here = pl.concat(self._counts)
        before = [counts.join(here.lazy(), on="product_id", how="semi").collect() for counts in self._earlier]
        counted = pl.concat([*before, here]).with_row_index()
        totals = counted.group_by(_PRODUCT).agg(pl.col("rows").sum(), pl.col("index").max())
        return totals.sort("rows", "index").unique("product_id", keep="last")
