"""The JSON that a model must answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omnix_cli.schemas import SHOPPING_FREQUENCIES

PRICE_PREFERENCES = ("budget", "mid-range", "premium")
BEHAVIOURS = ("plannedShopper", "brandLoyal", "seasonalShopper", "bulkBuyer")
DATA_QUALITIES = ("poor", "fair", "good", "excellent")


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


_PATTERN = _object(
    productId={"type": "string"},
    averageDaysBetweenPurchases={"type": "number", "description": "days, more than 0, at most 730"},
    predictedNextPurchaseDate={"type": "string", "description": "YYYY-MM-DD, not before today"},
    confidence={"type": "number", "description": "0 to 1"},
    reasoning={"type": "string", "description": "one short sentence"},
)
ANSWER_SCHEMA = _object(
    customers=_list(
        _object(
            customer={"type": "string"},
            consumptionPatterns=_list(_PATTERN),
            spendingPatterns=_object(
                averageOrderValue={"type": "number"},
                preferredCategories=_list({"type": "string"}),
                shoppingFrequency=_one_of(SHOPPING_FREQUENCIES),
                pricePreference=_one_of(PRICE_PREFERENCES),
            ),
            behavioralInsights=_object(**{name: {"type": "boolean"} for name in BEHAVIOURS}),
            dataQuality=_one_of(DATA_QUALITIES),
        )
    )
)
"""The shape of every answer, in the part of JSON Schema that structured output supports for all models. It does not
support ranges, so the descriptions name the bounds and `checking` checks them."""
