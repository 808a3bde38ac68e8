"""Forecasts from the numbers in a prompt: what the model behind the double really does.

A prompt says `Today is YYYY-MM-DD.`, and for each customer has a line `customer <pseudonym>`, facts (`9 shopping days
from 2017-01-02 to 2018-01-08, 12.50 per shopping day`), and a table of products under the header
`productId|name|category|days bought|last|gaps|quantity|expected|from|to|every`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean, pstdev
from typing import Any

HEADER = "productId|name|category|days bought|last|gaps|quantity|expected|from|to|every"
_COLUMNS = HEADER.split("|")
_TODAY = re.compile(r"^Today is (\d{4}-\d{2}-\d{2})\.", re.MULTILINE)
_CUSTOMER = re.compile(r"^customer (\S+)", re.MULTILINE)
_SHOPPING = re.compile(r"(\d+) shopping days from (\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})")
_SPEND = re.compile(r"(\d+(?:\.\d+)?) per shopping day")
_FREQUENCIES = ((2, "daily"), (10, "weekly"), (20, "biweekly"), (45, "monthly"))
_RECENT_GAPS = 4
_PRIOR_SHARE = 0.5
"""How much of the forecast is the prior's."""


@dataclass
class Customer:
    """A customer of a prompt: the facts, and the rows of the table by column."""

    pseudonym: str
    facts: str
    rows: list[dict[str, str]] = field(default_factory=list)


def read_prompt(text: str) -> tuple[date | None, list[Customer]]:
    """The day, and the customers with their products; None where the text is no such prompt."""
    today = _TODAY.search(text)
    customers = []
    blocks = _CUSTOMER.split(text)[1:]
    for pseudonym, block in zip(blocks[::2], blocks[1::2], strict=True):
        lines = iter(block.splitlines())
        rows = []
        if any(line.strip() == HEADER for line in lines):
            for line in lines:
                cells = line.strip().split("|")
                if len(cells) != len(_COLUMNS):
                    break
                rows.append(dict(zip(_COLUMNS, cells, strict=True)))
        customers.append(Customer(pseudonym, block.partition(HEADER)[0], rows))
    return (date.fromisoformat(today[1]) if today else None), customers


def forecast(turns: Sequence[str]) -> dict[str, Any] | None:
    """The answer to the turns of the user, or None when they ask about nobody. Later turns may name the customers of
    the first that are asked about again."""
    today, customers = read_prompt(turns[0])
    if today is None or not customers:
        return None
    named = [customer for customer in customers if customer.pseudonym in turns[-1]]
    return {"customers": [_analysis(customer, today) for customer in named or customers]}


def _analysis(customer: Customer, today: date) -> dict[str, Any]:
    patterns = [_pattern(row, today) for row in customer.rows]
    bought = Counter[str]()
    for row in customer.rows:
        bought[row["category"]] += _number(row["days bought"])
    regularity = fmean([pattern["confidence"] for pattern in patterns]) if patterns else 0.0
    spend = _SPEND.search(customer.facts)
    grade = min(3, int(max((_number(row["days bought"]) for row in customer.rows), default=0) / 4))
    return {
        "customer": customer.pseudonym,
        "consumptionPatterns": patterns,
        "spendingPatterns": {
            "averageOrderValue": float(spend[1]) if spend else 0.0,
            "preferredCategories": [category for category, _ in bought.most_common(3)],
            "shoppingFrequency": _frequency(customer.facts),
            "pricePreference": "mid-range",
        },
        "behavioralInsights": {
            "plannedShopper": regularity > 0.5,
            "brandLoyal": len(bought) <= len(customer.rows) / 2,
            "seasonalShopper": False,
            "bulkBuyer": any(_number(row["quantity"]) >= 3 for row in customer.rows),
        },
        "dataQuality": ("poor", "fair", "good", "excellent")[grade],
    }


def _frequency(facts: str) -> str:
    shopping = _SHOPPING.search(facts)
    if not shopping:
        return "occasional"
    days = (date.fromisoformat(shopping[3]) - date.fromisoformat(shopping[2])).days / max(int(shopping[1]) - 1, 1)
    return next((name for most, name in _FREQUENCIES if days <= most), "occasional")


def _pattern(row: dict[str, str], today: date) -> dict[str, Any]:
    last = date.fromisoformat(row["last"])
    gaps = [float(gap) for gap in row["gaps"].split(",") if gap.strip()] or [_number(row["every"]) or 30.0]
    recent = gaps[-_RECENT_GAPS:]
    own = max(last + timedelta(days=round(fmean(recent))), today)
    expected = date.fromisoformat(row["expected"]) if row["expected"].strip() else own
    due = max(own + timedelta(days=round((expected - own).days * _PRIOR_SHARE)), today)
    spread = pstdev(gaps) / fmean(gaps) if fmean(gaps) > 0 else 1.0
    confidence = len(gaps) / (len(gaps) + 2) / (1 + spread)
    return {
        "productId": row["productId"],
        "averageDaysBetweenPurchases": round(max(fmean(recent), 1.0), 1),
        "predictedNextPurchaseDate": due.isoformat(),
        "confidence": round(min(max(confidence, 0.05), 0.95), 2),
        "reasoning": f"Bought on {row['days bought']} days, of late about every {fmean(recent):.0f} days.",
    }


def _number(cell: str) -> int | float:
    found = re.search(r"\d+(\.\d+)?", cell)
    return float(found[0]) if found and found[1] else int(found[0]) if found else 0
