"""External sorting with bounded memory: pieces sorted by one column go to disk and come back in ranges of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from omnix_cli.steps import ordering

ROW_GROUP_ROWS = 1 << 15


class DiskSpill:
    """Rows spilled by `column`. One piece alone stays in memory. Implements `protocols.Spill`."""

    def __init__(self, folder: Path, column: str) -> None:
        self._folder = folder
        self._column = column
        self._first: pl.DataFrame | None = None
        self._paths: list[Path] = []
        self._counts: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        if self._first is None and not self._paths:
            self._first = rows
            return
        if self._first is not None:
            first, self._first = self._first, None
            self._write(first)
        self._write(rows)

    def slices(self, rows: int) -> Iterator[pl.DataFrame]:
        if self._first is not None:
            yield self._first
        if self._paths:
            for low, high in self._ranges(rows):
                within = pl.col(self._column).is_between(pl.lit(low), pl.lit(high))
                yield pl.concat([pl.scan_parquet(path).filter(within) for path in self._paths]).collect()

    def pieces(self) -> Iterator[pl.DataFrame]:
        if self._first is not None:
            yield self._first
        for path in self._paths:
            yield pl.read_parquet(path)

    def _write(self, rows: pl.DataFrame) -> None:
        path = self._folder / f"{len(self._paths):05d}.parquet"
        ordered = ordering.sorted_by_text(rows, self._column)
        ordered.write_parquet(path, compression="lz4", row_group_size=ROW_GROUP_ROWS, statistics=True)
        self._paths.append(path)
        runs = ordered.select(pl.col(self._column).rle().struct.unnest())
        self._counts.append(runs.select(pl.col("value"), pl.col("len").cast(pl.Int64)))

    def _ranges(self, rows: int) -> Iterator[tuple[str, str]]:
        """First and last value of each slice: whole values, in slices of at least `rows` rows but the last."""
        totals = pl.concat(self._counts).group_by("value").agg(pl.col("len").sum()).sort("value")
        bucket = (totals["len"].cum_sum() - totals["len"]) // rows
        bounds = totals.group_by(bucket.alias("bucket"), maintain_order=True).agg(
            pl.col("value").first().alias("low"), pl.col("value").last().alias("high")
        )
        yield from zip(bounds["low"], bounds["high"], strict=True)


@contextmanager
def open_spill(column: str, folder: Path | None = None) -> Iterator[DiskSpill]:
    """A spill in a temporary folder (within `folder`) that is gone afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield DiskSpill(place, column)
    finally:
        shutil.rmtree(place, ignore_errors=True)
