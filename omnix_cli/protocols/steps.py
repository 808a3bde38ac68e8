"""What computes: steps, the engines that run them, and predictors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import Any, Protocol

import polars as pl

from omnix_cli.protocols.checkpoints import CheckpointWriter, Figures, StoredFrame, added
from omnix_cli.settings import Settings


@dataclass(frozen=True)
class StepOutput:
    """What a step returns: frames by name (see `schemas.FRAMES`), and figures for the manifest.

    Figures that are numbers are added up over all slices of customers. `waited_seconds` is time spent waiting for a
    service, which does not count as the time of the step."""

    frames: Mapping[str, pl.DataFrame]
    figures: Figures = field(default_factory=dict)


Made = StepOutput | Iterator[StepOutput]
"""What a step returns: everything at once, or, where that would be much, some rows of each frame after the other."""


def parts(made: Made) -> Iterator[StepOutput]:
    """What a step returned, part after part."""
    if isinstance(made, StepOutput):
        yield made
    else:
        yield from made


def whole(made: Made) -> StepOutput:
    """What a step returned, in one."""
    outputs = list(parts(made))
    if len(outputs) == 1:
        return outputs[0]
    frames = {name: pl.concat(output.frames[name] for output in outputs) for name in outputs[0].frames}
    return StepOutput(frames, reduce(added, (output.figures for output in outputs)))


@dataclass(frozen=True)
class Resources:
    """What a step may use. Not part of a checkpoint's key: no result may depend on it."""

    threads: int
    memory_bytes: int
    say: Callable[[str], None] = lambda message: None


@dataclass(frozen=True)
class PlanStep:
    """One step of the plan. `settings` returns the arguments of `function` that come from the settings, as sections or
    single values, and no more than it reads: a changed setting then recomputes only what depends on it."""

    name: str
    function: Callable[..., Made]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    version: str
    by_customer: tuple[str, ...] = ()
    """The inputs that are split by customer; empty if the step needs all customers at once."""
    settings: Callable[[Settings], Mapping[str, Any]] = lambda settings: {}
    extra_key: Callable[[], Mapping[str, Any]] = lambda: {}
    dated: bool = True
    """Whether the function takes `as_of`."""
    needs_resources: bool = False
    """Whether the function takes `resources` (threads, memory, a logger of its plans)."""
    day: Callable[[date], date] = lambda as_of: as_of
    """The day that the step computes for, from the day of the run: an earlier one where the result serves for some
    days."""
    reads: Mapping[str, Callable[[pl.LazyFrame, date], pl.LazyFrame]] = field(default_factory=dict)
    """For imported inputs of which the step uses only a part: what it uses for its day. Then the content of these rows
    enters the key, and what else is imported does not matter."""
    stand_in: PlanStep | None = None
    """What computes the same frames, less well, in a run in which this step fails because of a service or its
    settings."""


class Engine(Protocol):
    """Runs one step from stored frames to a checkpoint writer."""

    name: str

    def run(
        self, step: PlanStep, inputs: Mapping[str, StoredFrame], arguments: Mapping[str, Any], writer: CheckpointWriter
    ) -> None:
        """Calls `step.function(**inputs as LazyFrames, **arguments)`, once or for each slice of customers, and appends
        what it returns, part after part. The slices change neither the rows nor their order."""


class Predictor(Protocol):
    """Forecasts when each customer needs what again. One schema (`schemas.Predictions`) for all of them."""

    name: str
    version: str
    inputs: tuple[str, ...]
    """The frames that `predict` takes by name: `cycles`, `rhythms`, `forecast_model`, `products`, and others that it
    needs."""
    outputs: tuple[str, ...]
    """The frames that `predict` returns: `predictions`, and others of its own."""
    by_customer: tuple[str, ...]
    """The inputs that may be split by customer."""

    def parameters(self) -> Mapping[str, Any]:
        """Everything that changes the result, for the checkpoint's key."""

    def stand_in(self) -> Predictor | None:
        """What predicts in a run in which this one fails because of a service or its settings; None if it uses none."""

    @property
    def predict(self) -> Callable[..., StepOutput]:
        """Returns the frame `predictions` for the cycles of some customers. Called with a lazy frame for each of
        `inputs`, and the day `as_of`."""
