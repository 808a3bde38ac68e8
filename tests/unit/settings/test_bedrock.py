from __future__ import annotations

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from omnix_cli.settings import BedrockSettings, dump


def test_the_secret_is_never_dumped() -> None:
    settings = BedrockSettings.model_validate({"pseudonym_secret": "sixteen characters"})
    assert "sixteen" not in json.dumps(dump(settings))
    assert "sixteen" not in repr(settings)


def test_a_budget_is_exact() -> None:
    assert BedrockSettings.model_validate({"budget": "0.1"}).budget == Decimal("0.1")


def test_batch_jobs_are_kept_on_s3_only() -> None:
    with pytest.raises(ValidationError, match="location"):
        BedrockSettings.model_validate({"batch": {"location": "/tmp/batch"}})
