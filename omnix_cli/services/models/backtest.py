"""Comparing predictors on a past period: each predicts it from what was known before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.predictors.comparison import HeldOut, Score, compare, held_out
from omnix_cli.protocols.steps import Predictor
from omnix_cli.services.as_of import IMPORT_SOME, NO_PURCHASES
from omnix_cli.services.runs.runner import Runner


@dataclass(frozen=True)
class Backtest:
    """The scores of predictors on a past period."""

    period: HeldOut
    scores: Sequence[Score]

    @property
    def frame(self) -> pl.DataFrame:
        """One row for each predictor."""
        return pl.DataFrame([asdict(score) for score in self.scores])


def compare_predictors(specs: Sequence[str], contender: Callable[[str], Predictor], runner: Runner) -> Backtest:
    """Compares the predictors that `specs` name on the newest full period before the run's day. A spec may list several
    names, divided by commas; `contender` makes the predictor of a name."""
    names = [name for spec in specs for name in spec.split(",")]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(
            "a comparison needs two or more different predictors", hint="Write `statistical bedrock`, for example."
        )
    contenders = {name: contender(name) for name in names}
    if not runner.sources["purchases"].rows:
        raise DataError(NO_PURCHASES, hint=IMPORT_SOME)
    consent = runner.settings.privacy.consent_ai_analysis
    period = held_out(runner.as_of(), runner.settings.prediction, default_consent=consent)
    frames = (runner.sources[name].scan() for name in ("purchases", "products", "customers"))
    return Backtest(period, compare(contenders, *frames, period=period))
