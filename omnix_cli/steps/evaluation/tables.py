"""The rows of an evaluation: every figure with its interval, its rule, and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.steps.evaluation.bootstrap import Interval, Resamples
from omnix_cli.steps.evaluation.forecast_metrics import Bools, Floats, reliability

_Z = 1.96
_PLACES = 6


@dataclass
class Rows:
    """Collects the rows of the frames `evaluations` and `reliability`."""

    figures: list[dict[str, Any]] = field(default_factory=list)
    bands: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        part: str,
        metric: str,
        figures: Resamples,
        methods: Sequence[str],
        *,
        baselines: Sequence[str],
        rule: str,
        customers: int,
        cases: int,
        less_is_better: bool = False,
    ) -> None:
        """One row for each method; those that are no baseline are compared with the best baseline."""
        found = {method: figures.interval(method) for method in methods}
        known = [method for method in baselines if method in found and isfinite(found[method].value)]
        sign = -1 if less_is_better else 1
        best = max(known, key=lambda method: sign * found[method].value) if known else None
        for method in methods:
            row = self.plain(part, metric, method, found[method], rule=rule, customers=customers, cases=cases)
            row["is_baseline"] = method in baselines
            if best is not None and method not in baselines and isfinite(found[method].value):
                compared = figures.compared(method, best, less_is_better=less_is_better)
                row |= {
                    "against": best,
                    "difference": _number(compared.difference.value),
                    "difference_low": _number(compared.difference.low),
                    "difference_high": _number(compared.difference.high),
                    "verdict": compared.verdict,
                }

    def plain(
        self, part: str, metric: str, method: str, value: Interval | float, *, rule: str, customers: int, cases: int
    ) -> dict[str, Any]:
        """One row that is compared with nothing; without an interval if the value has none."""
        interval = value if isinstance(value, Interval) else Interval(value, float("nan"), float("nan"))
        row: dict[str, Any] = {
            "row": len(self.figures),
            "part": part,
            "metric": metric,
            "method": method,
            "is_baseline": False,
            "value": _number(interval.value),
            "low": _number(interval.low),
            "high": _number(interval.high),
            "customers": customers,
            "cases": cases,
            "against": None,
            "difference": None,
            "difference_low": None,
            "difference_high": None,
            "verdict": None,
            "rule": rule,
        }
        self.figures.append(row)
        return row

    def add_bands(self, part: str, metric: str, method: str, probability: Floats, happened: Bools) -> None:
        """A table of what was said and what happened, in tenths of probability."""
        for band in reliability(probability, happened).iter_rows(named=True):
            cases, share = int(band["cases"]), float(band["happened"])
            low, high = wilson(share, cases)
            self.bands.append(
                {
                    "row": len(self.bands),
                    "part": part,
                    "metric": metric,
                    "method": method,
                    "from_probability": round(float(band["from"]), 3),
                    "cases": cases,
                    "predicted": _number(float(band["predicted"])),
                    "happened": _number(share),
                    "low": _number(low),
                    "high": _number(high),
                }
            )

    def frames(self) -> dict[str, pl.DataFrame]:
        """Both frames."""
        made = {"evaluations": self.figures, "reliability": self.bands}
        return {
            name: FRAMES[name].conform(pl.DataFrame(rows, schema=FRAMES[name].empty().schema))
            for name, rows in made.items()
        }


def wilson(share: float, cases: int) -> tuple[float, float]:
    """The interval of a share (Wilson, JASA 1927)."""
    if not cases:
        return float("nan"), float("nan")
    centre = share + _Z**2 / (2 * cases)
    spread = _Z * np.sqrt(share * (1 - share) / cases + _Z**2 / (4 * cases**2))
    scale = 1 + _Z**2 / cases
    return float((centre - spread) / scale), float((centre + spread) / scale)


def compared(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Two frames `evaluations` side by side: the figures of both and their difference. `verdict` says whether the
    intervals of the two leave each other out; nothing where one of them lacks the figure."""
    key = ["part", "metric", "method"]
    columns = ["value", "low", "high", "customers"]
    old = before.select(*key, *(pl.col(name).alias(f"before_{name}") for name in columns))
    apart = (pl.col("low") > pl.col("before_high")) | (pl.col("high") < pl.col("before_low"))
    return (
        after.join(old, on=key, how="full", coalesce=True, maintain_order="left_right")
        .with_columns(change=pl.col("value") - pl.col("before_value"))
        .with_columns(verdict=pl.when(apart).then(pl.lit("different")).when(~apart).then(pl.lit("no difference")))
        .select(
            *key, before="before_value", after="value", change="change", verdict="verdict",
            before_low="before_low", before_high="before_high", low="low", high="high",
            before_customers="before_customers", customers="customers",
        )
    )  # fmt: skip


def _number(value: float) -> float | None:
    return round(value, _PLACES) if isfinite(value) else None
