"""The JSON of an answer, parsed and checked, each reply once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from omnix_cli.predictors.bedrock.answers.checking import DATA_QUALITIES, ENTRY, CustomerAnswer, EntryCheck
from omnix_cli.predictors.bedrock.answers.json_texts import is_whole, json_values, unwrapped
from omnix_cli.predictors.bedrock.personal_data import Scanner
from omnix_cli.records import Reply

PROBLEMS_LISTED = 6
_LIST, _ENTRY_PART = "customers", "consumptionPatterns"
"""What holds the entries, and what only an entry has."""


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
        What it says about other customers is ignored, and so is text around the JSON."""
        if reply.question not in self._parsed:
            entries, alone = _entries(reply.text), len(products) == 1
            self._parsed[reply.question] = {
                customer: entries
                if isinstance(entries, str)
                else _checked(
                    entries,
                    customer,
                    self._pseudonym(customer),
                    EntryCheck(as_of, asked, self._scanner),
                    alone=alone,
                )
                for customer, asked in products.items()
            }
        return self._parsed[reply.question]


def _entries(text: str) -> list[dict[str, Any]] | str:
    """The entries of an answer: usually in the list `customers`, but also without it, or wrapped in something else."""
    values = list(json_values(text))
    wrapped = [found for value in values for found in unwrapped(value, _LIST)]
    entries = [entry for found in wrapped for entry in _listed(found[_LIST])]
    entries = entries or [entry for value in values for entry in unwrapped(value, _ENTRY_PART)]
    if entries or wrapped:
        return entries
    return "the list `customers` is missing" if is_whole(text) else "the answer is not one complete JSON object"


def _listed(customers: Any) -> list[dict[str, Any]]:
    if isinstance(customers, list) and all(isinstance(entry, dict) for entry in customers):
        return customers
    return unwrapped(customers, _ENTRY_PART)


def _checked(
    entries: list[dict[str, Any]], customer: str, name: str, check: EntryCheck, *, alone: bool
) -> CustomerAnswer | str:
    own: list[dict[str, Any]] = []
    for entry in entries:
        named = entry.get("customer", name if alone else None)
        if isinstance(named, str) and named.strip() == name and entry not in own:
            own.append(entry)
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
