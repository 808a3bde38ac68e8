"""Recommendations to publish: lists of ten products each, with what a list of a customer usually has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from omnix_cli.schemas import FRAMES

ENTRIES = 10


@dataclass(frozen=True)
class PublishedLists:
    """So many lists. Implements `protocols.StoredFrame`."""

    lists: int
    name: str = "recommendations"
    key: str = "lists"

    @property
    def rows(self) -> int:
        return self.lists * ENTRIES

    def scan(self) -> pl.LazyFrame:
        number, rank = pl.col("row") // ENTRIES, pl.col("row") % ENTRIES
        is_due = rank < 3
        rows = pl.LazyFrame({"row": range(self.rows)}).select(
            list_id=pl.format("c{}#homepage", number.cast(pl.String).str.zfill(7)),
            kind=pl.lit("personal"),
            customer_id=pl.format("c{}", number),
            rank=rank + 1,
            product_id=pl.format("product-{}", pl.col("row") % 777),
            product_name=pl.format("Fresh milk of the farm, {} l", rank + 1),
            score=1 - (pl.col("row") % 997) / 997,
            shelf=pl.lit(None),
            reason=pl.format("bought {} times, last on Monday", rank + 2),
            tags=pl.concat_list(pl.lit("dairy")),
            confidence=(pl.col("row") % 89) / 89,
            predicted_date=pl.when(is_due).then(pl.lit(date(2026, 2, 1))),
            next_expected_date=pl.when(is_due).then(pl.lit(date(2026, 2, 1))),
            urgency=pl.when(is_due).then(pl.lit("urgent")),
            **dict.fromkeys(("category", "interval_days", "date_p10", "date_p90"), pl.lit(None)),
        )
        return rows.cast(dict(FRAMES["recommendations"].empty().schema))
