"""A predictor that is used only if it was good enough on a past period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.predictors.comparison import Score, compare, held_out, is_at_least_as_good
from omnix_cli.protocols.steps import Predictor, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings


class GatedPredictor:
    """Uses the `challenger` if it was at least as good as the `champion` on the newest held-out period, else the
    champion. Implements `protocols.Predictor`. The figure `gate` says which one was used, and why."""

    def __init__(
        self, challenger: Predictor, champion: Predictor, parameters: PredictionSettings, *, default_consent: bool
    ) -> None:
        self._challenger, self._champion = challenger, champion
        self._parameters = parameters
        self._default_consent = default_consent
        self.name, self.version = f"gated {challenger.name}", challenger.version
        self.inputs = tuple(dict.fromkeys([*challenger.inputs, *champion.inputs, "purchases", "customers"]))
        self.outputs = challenger.outputs
        self.by_customer: tuple[str, ...] = ()  # the verdict needs all customers

    def parameters(self) -> Mapping[str, Any]:
        """What the verdict depends on, and the parameters of both."""
        days, customers = self._parameters.compare_days, self._parameters.compare_customers
        return {
            "compare_days": days,
            "compare_customers": customers,
            "challenger": self._challenger.parameters(),
            "champion": self._champion.parameters(),
        }

    def predict(self, *, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        """The frames of the predictor that is used."""
        period = held_out(
            as_of,
            self._parameters.compare_days,
            customers=self._parameters.compare_customers,
            default_consent=self._default_consent,
            personal_purchases=self._parameters.personal_purchases,
        )
        contenders = {"champion": self._champion, "challenger": self._challenger}
        champion, challenger = compare(
            contenders, frames["purchases"], frames["products"], frames["customers"], period=period
        )
        passed = is_at_least_as_good(challenger, champion)
        chosen = self._challenger if passed else self._champion
        output = chosen.predict(**{name: frames[name] for name in chosen.inputs}, as_of=as_of)
        nothing = {name: FRAMES[name].empty() for name in self.outputs}
        verdict = f"{chosen.name}: {self._why(challenger, champion)}"
        spent = {"gate_dollars": challenger.cost} if challenger.cost else {}
        return StepOutput({**nothing, **output.frames}, {**output.figures, **spent, "gate": verdict})

    def _why(self, challenger: Score, champion: Score) -> str:
        if not challenger.bought:
            return "nothing to judge by"
        return "; ".join(
            f"{name} {score.mean_error_days:.2f} days off, Brier {score.brier:.4f}"
            for name, score in ((self._challenger.name, challenger), (self._champion.name, champion))
        )
