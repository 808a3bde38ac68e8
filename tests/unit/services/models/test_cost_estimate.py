from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from omnix_cli.predictors.bedrock.asking.estimates import Terms
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.services.models.cost_estimate import estimate_costs
from omnix_cli.settings import BedrockSettings
from tests.conftest import MemoryFrame
from tests.unit.predictors.bedrock.shops import AS_OF, ModelShop, plain


@dataclass(frozen=True)
class Frames:
    """A runner whose frames are there already."""

    def inputs(self, name: str) -> dict[str, Any]:
        frames = {name: frame for name, frame in plain().items() if name != "as_of"}
        return {name: MemoryFrame(name, frame.collect()) for name, frame in frames.items()}

    def as_of(self) -> date:
        return AS_OF


def test_an_estimate_counts_the_open_questions_and_asks_nothing() -> None:
    shop, terms = ModelShop(), Terms(load_prices(), BedrockSettings())
    made = estimate_costs(shop.predictor(), Frames(), terms, count=None)  # type: ignore[arg-type]
    assert made.costs["questions"][0] > 0
    assert made.costs["customers"][0] > 0
    assert made.notes[0].startswith(f"{made.costs['customers'][0]} customers to ask about")
    assert "estimated from the text" in made.notes[-2]
    assert not shop.asker.asked


def test_what_is_answered_costs_nothing_more() -> None:
    shop, terms = ModelShop(), Terms(load_prices(), BedrockSettings())
    shop.predictor().predict(**plain())
    made = estimate_costs(shop.predictor(), Frames(), terms, count=None)  # type: ignore[arg-type]
    assert made.notes[0].startswith("0 customers to ask about in 0 questions")
    assert set(made.costs["dollars"]) == {0}
