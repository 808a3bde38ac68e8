"""Days that do not belong to the history: far from all others; and days without any sale inside it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding
from omnix_cli.steps.advice.tallies import Tally

_FAR_DAYS = 60
_STRAY_SHARE = 0.005
_STRAY_LINES = 3
_FEW_DAYS = 20
_CLOSED_DAYS = 5


def day_findings(tally: Tally) -> Iterator[Finding]:
    """Tells of stray days at both ends, and of long gaps between them."""
    days = tally.days
    if days.height < 2:
        return
    gap = pl.col("day").diff().dt.total_days().fill_null(0)
    far = max(_FAR_DAYS, 10 * float(days.select(gap.quantile(0.9)).item() or 0))
    parts = days.with_columns(gap=gap, part=(gap > far).cum_sum())
    sizes = parts.group_by("part", maintain_order=True).agg(pl.col("lines").sum())
    few = max(_STRAY_LINES, _STRAY_SHARE * int(days["lines"].sum()))
    main = sizes.sort("lines")["part"][-1]
    stray = parts.join(
        sizes.filter(pl.col("lines") <= few, pl.col("part") != main).select("part"), on="part", how="semi"
    )
    bulk = parts.filter(pl.col("part") == main)
    if stray.height and bulk["lines"].sum() > 5 * stray["lines"].sum():
        first, last = bulk["day"][0], bulk["day"][-1]
        named = ", ".join(str(day) for day in stray["day"].head(3))
        count = int(stray["lines"].sum())
        are = counted(count, "line is", "lines are")
        text = f"{are} of days far from all others ({named}; all others are from {first} to {last})"
        hint = "Typing errors, or the zero of a clock? Fix the dates and import the file again."
        yield Finding("stray_dates", count, text, hint)
    inside = parts.join(stray.select("day"), on="day", how="anti").with_columns(gap=gap)
    if inside.height < _FEW_DAYS:
        return
    long = max(_CLOSED_DAYS, 5 * float(inside["gap"].quantile(0.9) or 0))
    gaps = inside.filter(pl.col("gap") > long)
    if gaps.is_empty():
        return
    missing = int((gaps["gap"] - 1).sum())
    widest = gaps.sort("gap")[-1]
    end = widest["day"][0]
    start = inside.filter(pl.col("day") < end)["day"][-1]
    gaps_found = "between" if gaps.height == 1 else f"{gaps.height:,} gaps; the longest lies between"
    text = f"{missing:,} days have no sale ({gaps_found} {start} and {end})"
    yield Finding("days_without_sales", missing, text, "If the shop was open, import the missing files.")
