"""What a model must answer: the JSON of one customer, its schema and bounds, and the check of an answer.

The texts of problems become part of repair prompts, and so of the keys of their questions: other texts would ask, and
pay for, the same repairs again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from omnix_cli.frames.shopping import SHOPPING_FREQUENCIES
from omnix_cli.predictors.bedrock.personal_data import Scanner

MAX_DAYS_AHEAD = 400
MAX_INTERVAL_DAYS = 730
REASONING_LENGTH = 200
NAME_LENGTH = 60
MAX_CATEGORIES = 10

_DAY = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
"""A day, also with a time behind it, which is left out."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_GUESS = re.compile(
    r"\b(income|salary|wealth\w*|poverty|years old|elderly|retire[ed]\w*|pregnan\w*|diabet\w*|allerg\w*|disease\w*|ill"
    r"|illness|medical|health condition\w*|your health|famil(?:y|ies)|child(?:ren)?|kids?|toddlers?|married|widow\w*"
    r"|husband|wife|gender|religio\w*|ethnic\w*)\b",
    re.IGNORECASE,
)
PRICE_PREFERENCES = ("budget", "mid-range", "premium")
BEHAVIOURS = ("plannedShopper", "brandLoyal", "seasonalShopper", "bulkBuyer")
DATA_QUALITIES = ("poor", "fair", "good", "excellent")


def _object(**properties: Any) -> dict[str, Any]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(names: Collection[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


_TEXT = {"type": "string"}
_PATTERN = _object(
    productId=_TEXT,
    averageDaysBetweenPurchases={"type": "number", "description": "days, more than 0, at most 730"},
    predictedNextPurchaseDate={"type": "string", "description": "YYYY-MM-DD, not before today"},
    confidence={"type": "number", "description": "0 to 1"},
    reasoning={"type": "string", "description": "one short sentence"},
)
_SPENDING = _object(
    averageOrderValue={"type": "number"},
    preferredCategories=_list(_TEXT),
    shoppingFrequency=_one_of(SHOPPING_FREQUENCIES),
    pricePreference=_one_of(PRICE_PREFERENCES),
)
_BEHAVIOUR = _object(**{name: {"type": "boolean"} for name in BEHAVIOURS})
ENTRY = _object(
    customer=_TEXT,
    consumptionPatterns=_list(_PATTERN),
    spendingPatterns=_SPENDING,
    behavioralInsights=_BEHAVIOUR,
    dataQuality=_one_of(DATA_QUALITIES),
)
"""The part of an answer about one customer."""
ANSWER_SCHEMA = _object(customers=_list(ENTRY))
"""The shape of every answer, in the part of JSON Schema that structured output supports for all models. It does not
support ranges, so the descriptions name the bounds and `EntryCheck` checks them."""


class Pattern(NamedTuple):
    """When one product is needed again. `reasoning` is None when it must not be shown."""

    product_id: str
    interval_days: float
    date: date
    confidence: float
    reasoning: str | None


@dataclass(frozen=True)
class CustomerAnswer:
    """A valid answer about one customer. `dropped` counts the parts left out: fields that the prompt does not ask for,
    and texts that guess about the person or contain personal data."""

    customer_id: str
    patterns: tuple[Pattern, ...]
    analysis: Mapping[str, Any]
    data_quality: str
    dropped: int = 0


@dataclass
class EntryCheck:
    """Checks the entry of one customer. `problems` are written for the model, `dropped` counts the parts left out."""

    as_of: date
    products: Collection[str]
    scanner: Scanner | None
    problems: list[str] = field(default_factory=list)
    dropped: int = 0

    def fields(self, name: str, content: Any, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        """The fields of an object; those that the prompt does not ask for are counted."""
        if not isinstance(content, dict):
            self.problems.append(f"{name} is no object")
            return None
        self.dropped += len(content.keys() - schema["properties"].keys())
        return content

    def patterns(self, content: Any) -> list[Pattern]:
        """The patterns, each product once."""
        if not isinstance(content, list) or not content:
            self.problems.append("consumptionPatterns is empty" if content == [] else "consumptionPatterns is no list")
            return []
        found = (pattern for entry in content if (pattern := self._pattern(entry)))
        patterns = list(dict.fromkeys(found))  # the same twice is no contradiction
        if len({pattern.product_id for pattern in patterns}) < len(patterns):
            self.problems.append("a productId stands twice")
        return patterns

    def _pattern(self, content: Any) -> Pattern | None:
        entry = self.fields("an entry of consumptionPatterns", content, _PATTERN)
        if entry is None:
            return None
        product = _written(entry.get("productId"))
        if not isinstance(product, str) or product not in self.products:
            self.problems.append(f"productId {_shown(entry.get('productId'))} was not asked about")
            return None

        def part(name: str) -> tuple[str, Any]:
            return f"{name} of {product}", entry.get(name)

        interval = self._number(*part("averageDaysBetweenPurchases"), 0, MAX_INTERVAL_DAYS)
        if interval == 0:
            self.problems.append(f"averageDaysBetweenPurchases of {product} is 0")
        confidence = self._number(*part("confidence"), 0, 1)
        day = self._day(*part("predictedNextPurchaseDate"))
        reasoning = self._text(*part("reasoning"), REASONING_LENGTH)
        if interval is None or confidence is None or day is None:
            return None
        return Pattern(product, interval, day, confidence, reasoning)

    def spending(self, content: Any) -> dict[str, Any]:
        """The spending patterns. An order value of 0 means unknown."""
        content = self.fields("spendingPatterns", content, _SPENDING)
        if content is None:
            return {}
        categories = content.get("preferredCategories")
        if not isinstance(categories, list) or not all(isinstance(name, str) for name in categories):
            self.problems.append("preferredCategories is no list of texts")
            categories = []
        frequency, preference = content.get("shoppingFrequency"), content.get("pricePreference")
        names = [self._text("", name, NAME_LENGTH) for name in categories[:MAX_CATEGORIES] if name.strip()]
        return {
            "averageOrderValue": self._number("averageOrderValue", content.get("averageOrderValue"), 0, 1e9) or None,
            "preferredCategories": [name for name in names if name],
            "shoppingFrequency": self.choice("shoppingFrequency", frequency, SHOPPING_FREQUENCIES),
            "pricePreference": self.choice("pricePreference", preference, PRICE_PREFERENCES),
        }

    def behaviour(self, content: Any) -> dict[str, Any]:
        content = self.fields("behavioralInsights", content, _BEHAVIOUR)
        if content is None:
            return {}
        found = {name: _truth(content.get(name)) for name in BEHAVIOURS}
        self.problems.extend(f"{name} is neither true nor false" for name in BEHAVIOURS if found[name] is None)
        return found

    def choice(self, name: str, value: Any, choices: Collection[str]) -> str:
        fitting = [choice for choice in choices if isinstance(value, str) and _plain(value) == _plain(choice)]
        if fitting:
            return fitting[0]
        self.problems.append(f"{name} is {_shown(value)}, not one of {', '.join(choices)}")
        return ""

    def _number(self, name: str, value: Any, least: float, most: float) -> float | None:
        number = _number(value)
        if number is None:
            self.problems.append(f"{name} is {_shown(value)}, no number")
        elif not least <= number <= most:
            self.problems.append(f"{name} is {_shown(value)}, not within {least:g} and {most:g}")
            return None
        return number

    def _day(self, name: str, value: Any) -> date | None:
        last = self.as_of + timedelta(days=MAX_DAYS_AHEAD)
        try:
            found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
            day = date.fromisoformat(found["day"]) if found else None
        except ValueError:
            day = None
        if day is None:
            self.problems.append(f"{name} is {_shown(value)}, no date like {self.as_of}")
        elif not self.as_of <= day <= last:
            self.problems.append(f"{name} is {day}, not within {self.as_of} and {last}")
            return None
        return day

    def _text(self, name: str, value: Any, length: int) -> str | None:
        """A text on one line; None, and counted as dropped, if it guesses about the person or contains personal
        data."""
        text = " ".join(value.encode(errors="replace").decode().split()) if isinstance(value, str) else ""
        if not text:
            self.problems.append(f"{name} is empty")
            return None
        if _GUESS.search(text) or (self.scanner and self.scanner.kinds(text)):
            self.dropped += 1
            return None
        return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _number(value: Any) -> float | None:
    """A finite number, also one that is written as a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _truth(value: Any) -> bool | None:
    """True or false, also as a text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(_plain(value))
    return value if isinstance(value, bool) else None


def _written(value: Any) -> Any:
    """An id as a text, also if it stands as a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _plain(text: str) -> str:
    """A word without differences of case, blanks and hyphens."""
    return re.sub(r"[\s_-]+", "", text).casefold()


def _shown(value: Any) -> str:
    """A value in a few characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
