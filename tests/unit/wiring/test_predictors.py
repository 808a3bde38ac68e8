from __future__ import annotations

import sys
from typing import Any

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.money import Budget
from omnix_cli.settings import Settings
from omnix_cli.wiring.predictors import Predictors
from tests.memory_answers import REPLIED_AT, MemoryLedger

BEDROCK = {"pseudonym_secret": "a secret of sixteen characters"}
BATCH = {"location": "s3://bucket/omnix-batch", "role_arn": "arn:aws:iam::123456789012:role/omnix-batch"}


def predictors(predictor: str = "statistical", *, gate: bool = False, **bedrock: Any) -> Predictors:
    settings = {"prediction": {"predictor": predictor, "gate": gate}, "bedrock": {**BEDROCK, **bedrock}}
    return Predictors(Settings.model_validate(settings), MemoryLedger, lambda: REPLIED_AT, Budget())


def test_the_settings_name_the_predictor() -> None:
    assert predictors().configured().name == "statistical"
    assert predictors("bedrock").configured().name == "bedrock"
    assert predictors("auto").configured().name == "auto"
    assert predictors("bedrock", gate=True).configured().name == "gated bedrock"


def test_batch_jobs_need_a_location_and_a_role() -> None:
    assert not predictors(batch={"location": BATCH["location"]}).has_jobs
    assert predictors(batch=BATCH).has_jobs
    with pytest.raises(ConfigError, match="need a location and a role"):
        predictors("bedrock-batch").configured()
    with pytest.raises(ConfigError, match="need a location and a role"):
        predictors().jobs()


def test_contenders_of_a_comparison() -> None:
    made = predictors(batch=BATCH)
    assert made.contender("statistical").name == "statistical"
    assert made.contender("bedrock=other.model").parameters()["model"] == "other.model"
    assert made.contender("bedrock+replenishment@1").parameters()["prompt"].startswith("replenishment@1:")
    for spec in ("oracle", "statistical=other"):
        with pytest.raises(ConfigError, match="cannot be compared"):
            made.contender(spec)


def test_an_estimate_goes_by_the_settings_and_by_timed_answers() -> None:
    assert predictors().terms(None).seconds_per_answer == 3
    assert predictors(connections=2).terms(6).minutes(20) == 1


def test_nothing_of_aws_is_loaded_before_a_model_is_asked() -> None:
    loaded = "boto3" in sys.modules
    predictors("bedrock").configured()
    assert ("boto3" in sys.modules) == loaded
