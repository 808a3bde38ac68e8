"""How many order ids an import has on several days: then the ids are not those of single orders."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from omnix_cli.steps.imports.groups.identity import RETURNED, WRITTEN

_KEPT = 1 << 16
"""Orders remembered; with more, only every second, fourth, ... order is looked at."""


@dataclass
class OrderDays:
    """The days of the orders seen so far, of a sample if there are many orders."""

    kept: int = _KEPT
    _every: int = 1
    _days: list[pl.DataFrame] = field(default_factory=list)
    _rows: int = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Adds purchases; a return is on a day of its own."""
        if WRITTEN not in rows.columns or rows["order_id"].null_count() == rows.height:
            return
        days = rows.select(order=pl.col("order_id").hash(), day=pl.col(WRITTEN).dt.date())
        days = days.filter(
            rows["order_id"].is_not_null() & ~rows[RETURNED], pl.col("order") % self._every == 0
        ).unique()
        self._days.append(days)
        self._rows += days.height
        while self._rows > self.kept:
            all_days = pl.concat(self._days).unique()
            if all_days.height > self.kept // 2:
                self._every *= 2
                all_days = all_days.filter(pl.col("order") % self._every == 0)
            self._days, self._rows = [all_days], all_days.height

    def repeated(self) -> int:
        """The number of order ids on several days; of a sample, projected to all."""
        if not self._days:
            return 0
        days = pl.concat(self._days).unique()
        return int(days.group_by("order").len()["len"].gt(1).sum()) * self._every
