"""What is computed: steps, the engines that run them, and the predictors among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from omnix_cli.protocols.checkpoints import CheckpointWriter, Figures, StoredFrame


@dataclass(frozen=True)
class StepOutput:
    """What a step returns: the frames by name (see `schemas.FRAMES`) and figures worth keeping in the manifest.

    Figures that are numbers are added up over the slices of customers. `waited_seconds` is time spent waiting for
    somebody else, which does not count as the time of the step."""

    frames: Mapping[str, pl.DataFrame]
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    """What a step may use. Never part of a checkpoint's key: a result must not depend on it."""

    threads: int
    memory_bytes: int
    say: Callable[[str], None] = lambda message: None


class Step(Protocol):
    """One row of the plan, as far as an engine needs to know it."""

    @property
    def name(self) -> str: ...
    @property
    def by_customer(self) -> tuple[str, ...]:
        """Inputs that are cut by customer; empty when the step sees everything at once."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]: ...


class Engine(Protocol):
    """Runs one step from stored frames to a checkpoint writer."""

    name: str

    def run(
        self,
        step: Step,
        function: Callable[..., StepOutput],
        inputs: Mapping[str, StoredFrame],
        arguments: Mapping[str, Any],
        writer: CheckpointWriter,
    ) -> None:
        """Calls `function(**inputs as LazyFrames, **arguments)`, once or once per slice of customers, and appends
        what it returns. The result is the same rows in the same order however the customers are cut."""
        ...


class Predictor(Protocol):
    """Forecasts when each customer needs what again. One schema (`schemas.Predictions`) for all of them."""

    name: str
    version: str
    inputs: tuple[str, ...]
    """The frames that `predict` takes by name: `cycles`, `rhythms`, `forecast_model`, `products`, and what it needs
    besides."""
    outputs: tuple[str, ...]
    """The frames that `predict` returns: `predictions`, and what else it has to tell."""
    by_customer: tuple[str, ...]
    """Those of the inputs that may be cut by customer."""

    def parameters(self) -> Mapping[str, Any]:
        """Everything that changes the answer, for the checkpoint's key."""
        ...

    @property
    def predict(self) -> Callable[..., StepOutput]:
        """Predictions for the cycles of some customers, as the frame `predictions`: called with a lazy frame for each
        of `inputs`, and the day `as_of`."""
        ...
