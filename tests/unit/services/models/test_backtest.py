from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Predictor
from omnix_cli.schemas import FRAMES
from omnix_cli.services.models.backtest import compare_predictors
from omnix_cli.settings import PredictionSettings, PrivacySettings, Settings
from tests.conftest import MemoryFrame, purchases
from tests.unit.services.runs.test_runner import make_runner

WEEKLY = purchases(*(("ann", "milk", f"2018-{month:02}-{day:02}") for month in (1, 2, 3) for day in (1, 8, 15, 22)))


def contender(name: str) -> Predictor:
    return StatisticalPredictor(PredictionSettings(), min_customers={"calm": 1, "shy": 3}[name])


def test_predictors_are_scored_on_the_newest_full_period(tmp_path: Path) -> None:
    runner = make_runner(tmp_path, WEEKLY)
    empty = {name: MemoryFrame(name, FRAMES[name].empty()) for name in ("products", "customers")}
    consenting = Settings(privacy=PrivacySettings(consent_ai_analysis=True))
    runner = replace(runner, sources={**runner.sources, **empty}, settings=consenting)
    made = compare_predictors(["calm,shy"], contender, runner)
    assert (made.period.until - made.period.cut).days == 28
    assert made.period.until <= runner.as_of()
    assert made.frame["predictor"].to_list() == ["calm", "shy"]
    assert made.frame["cost"].to_list() == [0, 0]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    for specs in (["calm"], ["calm", "calm"], ["calm,calm"]):
        with pytest.raises(ConfigError, match="two or more different predictors"):
            compare_predictors(specs, contender, make_runner(tmp_path))
    with pytest.raises(DataError, match="no purchases yet"):
        compare_predictors(["calm", "shy"], contender, make_runner(tmp_path, purchases()))
