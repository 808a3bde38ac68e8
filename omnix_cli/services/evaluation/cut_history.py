"""The real steps of the plan on a history that was cut: what a run of that day would have made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from omnix_cli.protocols.checkpoints import SOURCES
from omnix_cli.protocols.steps import PlanStep, Resources, whole
from omnix_cli.schemas import FRAMES
from omnix_cli.services.runs.planning import closure
from omnix_cli.settings import Settings
from omnix_cli.steps.evaluation.ranked_items import Bools
from omnix_cli.steps.evaluation.splits import Codes, Split

_DAY_COLUMNS = {"purchases": "purchase_day", "interactions": "interaction_day"}
_WRITTEN = {
    *("purchase_id", "customer_id", "product_id", "purchased_at", "purchase_day", "quantity", "promotion_used"),
    "kind",
}


@dataclass(frozen=True)
class Plan:
    """The steps of a run with its settings, to compute frames of a cut history in memory."""

    steps: tuple[PlanStep, ...]
    settings: Settings
    resources: Resources

    def compute(
        self, targets: Collection[str], sources: Mapping[str, pl.LazyFrame], *, as_of: date
    ) -> dict[str, pl.DataFrame]:
        """The frames that these steps, and those they need, make of the sources as of a day. Whatever lies on that day
        or later is removed before any step sees it."""
        frames: dict[str, pl.LazyFrame] = {name: _before(name, rows, as_of) for name, rows in sources.items()}
        made: dict[str, pl.DataFrame] = {}
        for step in closure(self.steps, targets):
            given = {"as_of": step.day(as_of)} if step.dated else {}
            resources = {"resources": self.resources} if step.needs_resources else {}
            inputs = {name: frames[name] for name in step.inputs}
            output = whole(step.function(**inputs, **step.settings(self.settings), **given, **resources))
            for name in step.outputs:
                made[name] = FRAMES[name].conform(output.frames[name])
                frames[name] = made[name].lazy()
        return made

    def sources(self, frames: Mapping[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
        """These sources, and empty ones for the others."""
        return {name: frames[name] if name in frames else FRAMES[name].empty().lazy() for name in SOURCES}


def lines_of(split: Split, rows: Codes | Bools, *, days: Codes | None = None) -> pl.DataFrame:
    """Some known rows of a split as the frame `purchases`: one unit each, at noon of their day (or of `days`)."""
    day = split.day[rows] if days is None else days
    dates = pl.Series(day.astype(np.int32), dtype=pl.Int32).cast(pl.Date)
    who, what = split.customers.gather(split.who[rows]), split.products.gather(split.what[rows])
    schema = FRAMES["purchases"].empty().schema
    plain = {"quantity": 1.0, "promotion_used": False, "kind": "purchase"}
    return (
        pl.DataFrame({"customer_id": who, "product_id": what, "purchase_day": dates})
        .with_columns(
            purchase_id=pl.int_range(pl.len()).cast(pl.String),
            purchased_at=pl.col("purchase_day").cast(pl.Datetime("us", "UTC")) + timedelta(hours=12),
        )
        .with_columns(pl.lit(value).alias(name) for name, value in plain.items())
        .with_columns(pl.lit(None).alias(name) for name in schema if name not in _WRITTEN)
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


def _before(name: str, rows: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    return rows.filter(pl.col(_DAY_COLUMNS[name]) < as_of) if name in _DAY_COLUMNS else rows
