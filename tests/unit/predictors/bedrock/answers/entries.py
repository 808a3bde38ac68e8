"""Answers of a model for tests."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.personal_data import Scanner
from tests.questions import question, reply

AS_OF = date(2024, 6, 3)
PRODUCTS = {"ann": {"milk", "tea"}, "bob": {"milk"}}


def name(customer: str) -> str:
    return f"<{customer}>"


def entry(customer: str = "ann", *products: str) -> dict[str, Any]:
    return {
        "customer": name(customer),
        "consumptionPatterns": [
            {
                "productId": product,
                "averageDaysBetweenPurchases": 7,
                "predictedNextPurchaseDate": "2024-06-08",
                "confidence": 0.7,
                "reasoning": "You buy it\n weekly.",
            }
            for product in products or ("milk", "tea")
        ],
        "spendingPatterns": {
            "averageOrderValue": 12.5,
            "preferredCategories": ["Dairy"],
            "shoppingFrequency": "weekly",
            "pricePreference": "budget",
        },
        "behavioralInsights": {
            "plannedShopper": True,
            "brandLoyal": False,
            "seasonalShopper": False,
            "bulkBuyer": False,
        },
        "dataQuality": "good",
    }


def read(text: str, *customers: str, scanner: Scanner | None = None) -> dict[str, CustomerAnswer | str]:
    products = {customer: PRODUCTS[customer] for customer in customers or ("ann",)}
    return dict(ReplyParser(name, scanner).answers(reply(question(*products), text=text), AS_OF, products))


def read_one(content: dict[str, Any], scanner: Scanner | None = None) -> CustomerAnswer:
    answer = read(json.dumps({"customers": [content]}), scanner=scanner)["ann"]
    assert isinstance(answer, CustomerAnswer), answer
    return answer


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    content = entry("ann", "milk")
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


FIRST = ("consumptionPatterns", 0)
