"""The engine for one machine: one slice of customers after the other, on all cores, within a memory limit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from omnix_cli.protocols.checkpoints import CheckpointWriter, StoredFrame
from omnix_cli.protocols.steps import PlanStep, parts
from omnix_cli.schemas import FRAMES


class PolarsEngine:
    """Runs steps with polars. Implements `protocols.Engine`.

    A slice holds consecutive customer ids, with about `slice_rows` rows in the inputs that are split by customer."""

    name = "polars"

    def __init__(self, *, slice_rows: int) -> None:
        self._slice_rows = slice_rows

    def run(
        self, step: PlanStep, inputs: Mapping[str, StoredFrame], arguments: Mapping[str, Any], writer: CheckpointWriter
    ) -> None:
        """See `protocols.Engine.run`."""
        split = {name: inputs[name] for name in step.by_customer}
        whole = {name: frame.scan() for name, frame in inputs.items() if name not in split}
        for customers in _slices(split.values(), self._slice_rows):
            slices = {name: frame.scan().filter(customers) for name, frame in split.items()}
            for output in parts(step.function(**slices, **whole, **arguments)):
                for name in step.outputs:
                    writer.append(name, FRAMES[name].conform(output.frames[name]))
                writer.add_figures(output.figures)


def _slices(frames: Collection[StoredFrame], slice_rows: int) -> Iterator[pl.Expr]:
    """Conditions on customer_id that divide the customers of all frames into slices, in order."""
    if sum(frame.rows for frame in frames) <= slice_rows:
        yield pl.lit(True)
        return
    counts = (
        pl.concat([frame.scan().group_by("customer_id").len() for frame in frames])
        .group_by("customer_id")
        .agg(pl.col("len").sum())
        .sort("customer_id")
        .with_columns(slice=(pl.col("len").cum_sum() - 1) // slice_rows)
        .group_by("slice", maintain_order=True)
        .agg(first=pl.col("customer_id").first(), last=pl.col("customer_id").last())
        .collect(engine="streaming")
    )
    for row in counts.iter_rows(named=True):
        yield pl.col("customer_id").is_between(pl.lit(row["first"]), pl.lit(row["last"]))
