"""What computes: steps, the engines that run them, and predictors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from omnix_cli.protocols.checkpoints import CheckpointWriter, Figures, StoredFrame


@dataclass(frozen=True)
class StepOutput:
    """What a step returns: frames by name (see `schemas.FRAMES`), and figures for the manifest.

    Figures that are numbers are added up over all slices of customers. `waited_seconds` is time spent waiting for a
    service, which does not count as the time of the step."""

    frames: Mapping[str, pl.DataFrame]
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    """What a step may use. Not part of a checkpoint's key: no result may depend on it."""

    threads: int
    memory_bytes: int
    say: Callable[[str], None] = lambda message: None


class Step(Protocol):
    """One row of the plan, as an engine sees it."""

    @property
    def name(self) -> str: ...
    @property
    def by_customer(self) -> tuple[str, ...]:
        """Inputs that are split by customer; empty if the step needs all customers at once."""
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
        """Calls `function(**inputs as LazyFrames, **arguments)`, once or for each slice of customers, and appends what
        it returns. The slices change neither the rows nor their order."""
        ...


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
        ...

    @property
    def predict(self) -> Callable[..., StepOutput]:
        """Returns the frame `predictions` for the cycles of some customers. Called with a lazy frame for each of
        `inputs`, and the day `as_of`."""
        ...
