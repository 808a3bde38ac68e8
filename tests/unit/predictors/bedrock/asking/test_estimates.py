from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.predictors.bedrock.asking.estimates import TOKENS_PER_CUSTOMER, TOKENS_PER_PRODUCT, Terms, estimate
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.settings import BedrockSettings
from tests.questions import MODEL, questions


def terms(**settings: Any) -> Terms:
    return Terms(load_prices(), BedrockSettings(**settings), seconds_per_answer=3)


def test_the_model_of_the_questions_comes_first_on_demand_and_in_a_batch() -> None:
    rows = estimate(questions(40), 120, terms())
    first, second, *others = rows.to_dicts()
    assert (first["model"], first["mode"], second["mode"]) == (MODEL, "on demand", "batch")
    assert (first["customers"], first["questions"]) == (40, 40)
    assert first["output_tokens"] == 40 * TOKENS_PER_CUSTOMER + 120 * TOKENS_PER_PRODUCT
    assert 0 < first["dollars"] < first["dollars_at_most"]
    assert second["dollars"] == pytest.approx(first["dollars"] / 2) and second["minutes"] is None
    assert len({row["model"] for row in others}) == rows["model"].n_unique() - 1


def test_counted_tokens_replace_the_estimate() -> None:
    asked = questions(40)
    ours = estimate(asked, 120, terms())["input_tokens"][0]
    counted = []

    def double(question: Any) -> int:
        counted.append(question)
        return 2 * ours // 40

    assert estimate(asked, 120, terms(), count=double)["input_tokens"][0] == pytest.approx(2 * ours, rel=0.01)
    assert len(counted) == 20
    assert estimate(asked, 120, terms(), count=lambda question: None)["input_tokens"][0] == ours


def test_minutes_follow_from_the_connections_or_the_quota() -> None:
    assert terms(connections=10).minutes(200) == 1
    assert terms(connections=10, requests_per_minute=50).minutes(200) == 4
