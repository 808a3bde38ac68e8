"""Answers of a model: read with patience, then checked against the shape and its bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

import orjson

from omnix_cli.predictors.bedrock.prompts.prompt_files import BEHAVIOURS, DATA_QUALITIES, PRICE_PREFERENCES
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner
from omnix_cli.schemas import SHOPPING_FREQUENCIES

MAX_DAYS_AHEAD = 400
MAX_INTERVAL_DAYS = 730
REASONING_LENGTH = 200
WORDS_LENGTH = 60
MAX_CATEGORIES = 10
PROBLEMS_TOLD = 6

_ENTRY = ("customer", "consumptionPatterns", "spendingPatterns", "behavioralInsights", "dataQuality")
_PATTERN = ("productId", "averageDaysBetweenPurchases", "predictedNextPurchaseDate", "confidence", "reasoning")
_SPENDING = ("averageOrderValue", "preferredCategories", "shoppingFrequency", "pricePreference")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_GUESS = re.compile(
    r"\b(income|salary|wealth\w*|poverty|years old|elderly|retire[ed]\w*|pregnan\w*|diabet\w*|allerg\w*|disease\w*|ill"
    r"|illness|medical|health condition\w*|your health|famil(?:y|ies)|child(?:ren)?|kids?|toddlers?|married|widow\w*"
    r"|husband|wife|gender|religio\w*|ethnic\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pattern:
    """When one product is needed again. `reasoning` is None where what was said may not be shown."""

    product_id: str
    interval_days: float
    date: date
    confidence: float
    reasoning: str | None


@dataclass(frozen=True)
class CustomerAnswer:
    """What is valid about one customer. `dropped` counts what was left out: fields that nobody asked for, such as
    guesses about the person, and words that guess or name somebody."""

    customer_id: str
    patterns: tuple[Pattern, ...]
    analysis: Mapping[str, Any]
    data_quality: str
    dropped: int = 0


class Asked(Protocol):
    """What of a question an answer is checked against."""

    @property
    def as_of(self) -> date: ...
    @property
    def customers(self) -> tuple[str, ...]: ...


def read_answer(
    text: str,
    question: Asked,
    pseudonym: Callable[[str], str],
    products: Mapping[str, Collection[str]],
    scanner: Scanner | None = None,
) -> dict[str, CustomerAnswer | str]:
    """For each customer of the question the valid answer, or what is wrong with it, in words for the model.

    `products` are those asked about, by customer; the ones left out of an answer are no mistake unless all are. What an
    answer says about others is not looked at. A fence or prose around the one JSON object is."""
    entries = _entries(text, alone=len(question.customers) == 1)
    if isinstance(entries, str):
        return dict.fromkeys(question.customers, entries)
    checks = {customer: _Check(question.as_of, products[customer], scanner) for customer in question.customers}
    return {customer: _judged(entries, customer, pseudonym(customer), check) for customer, check in checks.items()}


def _entries(text: str, *, alone: bool) -> list[dict[str, Any]] | str:
    """The customers of an answer; the object itself where only one was asked about and it is not wrapped."""
    try:
        content = orjson.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError:
        return "the answer is not one complete JSON object"
    if not isinstance(content, dict):
        return "the answer is not a JSON object"
    entries = content.get("customers", [content] if alone and "consumptionPatterns" in content else None)
    if not isinstance(entries, list):
        return "the list `customers` is missing"
    return [entry for entry in entries if isinstance(entry, dict)]


def _judged(entries: list[dict[str, Any]], customer: str, name: str, check: _Check) -> CustomerAnswer | str:
    own = [entry for entry in entries if entry.get("customer") == name]
    if not own:
        return "there is no entry about this customer"
    if len(own) > 1:
        return "there are several entries about this customer"
    entry = own[0]
    check.ignore_others(entry, _ENTRY)
    patterns = check.patterns(entry.get("consumptionPatterns"))
    quality = check.choice("dataQuality", entry.get("dataQuality"), DATA_QUALITIES)
    analysis = {
        "spendingPatterns": check.spending(entry.get("spendingPatterns")),
        "behavioralInsights": check.behaviour(entry.get("behavioralInsights")),
        "dataQuality": quality,
    }
    if check.problems:
        more = len(check.problems) - PROBLEMS_TOLD
        return "; ".join([*check.problems[:PROBLEMS_TOLD], *([f"and {more} more"] if more > 0 else [])])
    return CustomerAnswer(customer, tuple(patterns), analysis, quality, check.dropped)


@dataclass
class _Check:
    """Checks one customer's entry and notes what is wrong with it."""

    as_of: date
    products: Collection[str]
    scanner: Scanner | None
    problems: list[str] = field(default_factory=list)
    dropped: int = 0

    def ignore_others(self, content: Mapping[str, Any], known: Iterable[str]) -> None:
        """Counts the fields that nobody asked for."""
        self.dropped += len(content.keys() - set(known))

    def patterns(self, content: Any) -> list[Pattern]:
        """The patterns, each product once."""
        if not isinstance(content, list) or not content:
            self.problems.append("consumptionPatterns is empty" if content == [] else "consumptionPatterns is no list")
            return []
        found = [pattern for entry in content if (pattern := self._pattern(entry))]
        twice = {pattern.product_id for pattern in found}
        if len(twice) < len(found):
            self.problems.append("a productId stands twice")
        return found

    def _pattern(self, entry: Any) -> Pattern | None:
        if not isinstance(entry, dict):
            self.problems.append("an entry of consumptionPatterns is no object")
            return None
        self.ignore_others(entry, _PATTERN)
        product = entry.get("productId")
        if not isinstance(product, str) or product not in self.products:
            self.problems.append(f"productId {_shown(product)} was not asked about")
            return None
        interval = self._number(
            f"averageDaysBetweenPurchases of {product}", entry.get("averageDaysBetweenPurchases"), 0, MAX_INTERVAL_DAYS
        )
        if interval == 0:
            self.problems.append(f"averageDaysBetweenPurchases of {product} is 0")
        confidence = self._number(f"confidence of {product}", entry.get("confidence"), 0, 1)
        day = self._day(f"predictedNextPurchaseDate of {product}", entry.get("predictedNextPurchaseDate"))
        reasoning = self._words(f"reasoning of {product}", entry.get("reasoning"), REASONING_LENGTH)
        if interval is None or confidence is None or day is None:
            return None
        return Pattern(product, interval, day, confidence, reasoning)

    def spending(self, content: Any) -> dict[str, Any]:
        """The spending patterns; an order value of 0 says that none is known."""
        if not isinstance(content, dict):
            self.problems.append("spendingPatterns is no object")
            return {}
        self.ignore_others(content, _SPENDING)
        categories = content.get("preferredCategories")
        if not isinstance(categories, list) or not all(isinstance(name, str) for name in categories):
            self.problems.append("preferredCategories is no list of texts")
            categories = []
        frequency, preference = content.get("shoppingFrequency"), content.get("pricePreference")
        shown = [self._words("", name, WORDS_LENGTH) for name in categories[:MAX_CATEGORIES] if name.strip()]
        return {
            "averageOrderValue": self._number("averageOrderValue", content.get("averageOrderValue"), 0, 1e9) or None,
            "preferredCategories": [name for name in shown if name],
            "shoppingFrequency": self.choice("shoppingFrequency", frequency, SHOPPING_FREQUENCIES),
            "pricePreference": self.choice("pricePreference", preference, PRICE_PREFERENCES),
        }

    def behaviour(self, content: Any) -> dict[str, Any]:
        """The behavioural insights, all of them true or false."""
        if not isinstance(content, dict):
            self.problems.append("behavioralInsights is no object")
            return {}
        self.ignore_others(content, BEHAVIOURS)
        unclear = [name for name in BEHAVIOURS if not isinstance(content.get(name), bool)]
        self.problems.extend(f"{name} is neither true nor false" for name in unclear)
        return {name: content.get(name) for name in BEHAVIOURS}

    def choice(self, name: str, value: Any, choices: Collection[str]) -> str:
        """One of some words."""
        if isinstance(value, str) and value in choices:
            return value
        self.problems.append(f"{name} is {_shown(value)}, not one of {', '.join(choices)}")
        return ""

    def _number(self, name: str, value: Any, least: float, most: float) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.problems.append(f"{name} is {_shown(value)}, no number")
        elif not least <= value <= most:
            self.problems.append(f"{name} is {_shown(value)}, not within {least:g} and {most:g}")
        else:
            return float(value)
        return None

    def _day(self, name: str, value: Any) -> date | None:
        last = self.as_of + timedelta(days=MAX_DAYS_AHEAD)
        try:
            day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None:
            self.problems.append(f"{name} is {_shown(value)}, no date like {self.as_of}")
        elif not self.as_of <= day <= last:
            self.problems.append(f"{name} is {day}, not within {self.as_of} and {last}")
            return None
        return day

    def _words(self, name: str, value: Any, length: int) -> str | None:
        """A text on one line; None, and counted, where it guesses about the person or holds personal data."""
        words = " ".join(value.split()) if isinstance(value, str) else ""
        if not words:
            self.problems.append(f"{name} is empty")
            return None
        if _GUESS.search(words) or (self.scanner and self.scanner.found(words)):
            self.dropped += 1
            return None
        return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def _shown(value: Any) -> str:
    """A value in a few signs."""
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
