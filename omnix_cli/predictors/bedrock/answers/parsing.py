"""The JSON of an answer, parsed and checked, each reply once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

import orjson

from omnix_cli.predictors.bedrock.answers.checking import DATA_QUALITIES, ENTRY, CustomerAnswer, EntryCheck
from omnix_cli.predictors.bedrock.personal_data import Scanner
from omnix_cli.records import Reply

PROBLEMS_LISTED = 6


class ReplyParser:
    """Parses replies. Remembers the answers, because one reply can be read, used again and learned from."""

    def __init__(self, pseudonym: Callable[[str], str], scanner: Scanner | None = None) -> None:
        self._pseudonym, self._scanner = pseudonym, scanner
        self._parsed: dict[str, dict[str, CustomerAnswer | str]] = {}

    def answers(
        self, reply: Reply, as_of: date, products: Mapping[str, Collection[str]]
    ) -> Mapping[str, CustomerAnswer | str]:
        """For each customer the valid answer, or its problems in words for the model.

        `products` are the products in the question, by customer. An answer may leave some of them out, but not all.
        What it says about other customers is ignored, and so is text around the one JSON object."""
        if reply.question not in self._parsed:
            entries = _entries(reply.text, alone=len(products) == 1)
            self._parsed[reply.question] = {
                customer: entries
                if isinstance(entries, str)
                else _checked(entries, customer, self._pseudonym(customer), EntryCheck(as_of, asked, self._scanner))
                for customer, asked in products.items()
            }
        return self._parsed[reply.question]


def _entries(text: str, *, alone: bool) -> list[dict[str, Any]] | str:
    """The entries of an answer. An answer about one customer may be the entry itself, without the list."""
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


def _checked(entries: list[dict[str, Any]], customer: str, name: str, check: EntryCheck) -> CustomerAnswer | str:
    own = [entry for entry in entries if entry.get("customer") == name]
    if not own:
        return "there is no entry about this customer"
    if len(own) > 1:
        return "there are several entries about this customer"
    entry = own[0]
    check.fields("the entry", entry, ENTRY)
    patterns = check.patterns(entry.get("consumptionPatterns"))
    quality = check.choice("dataQuality", entry.get("dataQuality"), DATA_QUALITIES)
    analysis = {
        "spendingPatterns": check.spending(entry.get("spendingPatterns")),
        "behavioralInsights": check.behaviour(entry.get("behavioralInsights")),
        "dataQuality": quality,
    }
    if check.problems:
        more = len(check.problems) - PROBLEMS_LISTED
        return "; ".join([*check.problems[:PROBLEMS_LISTED], *([f"and {more} more"] if more > 0 else [])])
    return CustomerAnswer(customer, tuple(patterns), analysis, quality, check.dropped)
