"""Where a text names a customer, and the text without that name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

REDACTED = "[forgotten]"
LIST_ENDS = ("homepage", "replenishment", "usual")
INTERACTIONS = ("view", "add_to_cart", "remove_from_cart", "wishlist", "search")
"""What follows a customer in the id of a list, and in that of an interaction."""
_MIN_LENGTH, _MIN_DIGITS = 4, 7
"""The length of an id, and of one of digits alone, from which on it is unlike sizes, years and other ids."""
_LONG = 16
"""The length from which on letters alone are no word of a language."""
_FREE_TEXTS = {"message", "error", "reason", "detail", "incomplete", "text", "hint", "traceback"}
"""Fields of records and log lines that hold sentences."""
_NUMBER = re.compile(r"[\d\W_]+")
_DAY = re.compile(
    r"(?:19|20)\d\d\W?(?:0[1-9]|1[0-2])(?:\W?(?:0[1-9]|[12]\d|3[01]))?(?:[T ].*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])\W(?:0?[1-9]|[12]\d|3[01])\W(?:19|20)?\d\d"
)
"""Days and months as files write them: records are full of them."""
_CUSTOMER_FIELD = re.compile(r"customer|client|buyer|member|household|shopper|user|kunde|cliente?\b", re.IGNORECASE)


def is_customer_field(name: str) -> bool:
    """Whether a field of this name holds the id of a customer."""
    return _CUSTOMER_FIELD.search(name) is not None


def is_bare_line(row: Any) -> bool:
    """Whether a quarantined row is the text of a line that could not be divided into fields."""
    return isinstance(row, dict) and row.keys() == {"line"}


@dataclass(frozen=True)
class Traces:
    """The traces of one customer in texts: the id as a whole word, as it is or escaped for JSON or a URL.

    An id that is like other numbers or words (`1142`, `anna`) counts in sentences and in fields of customers alone:
    elsewhere it may be a product, a price, a year or a brand. So does one that `is_shared` with a product or an order.
    Sentences of results (`7 days`) are about everybody: there, `of_items` looks at fields alone."""

    customer: str
    is_shared: bool = False
    reads_sentences: bool = True

    @property
    def is_distinctive(self) -> bool:
        """Whether nothing else is likely to look like the id."""
        if self.is_shared or _DAY.fullmatch(self.customer):
            return False
        if _NUMBER.fullmatch(self.customer):
            return sum(sign.isdigit() for sign in self.customer) >= _MIN_DIGITS
        has_sign = any(sign.isdigit() or sign == "@" for sign in self.customer)
        return len(self.customer) >= (_MIN_LENGTH if has_sign else _LONG)

    @property
    def of_items(self) -> Traces:
        """The traces in items and rows, whose sentences name no customer."""
        return replace(self, reads_sentences=False)

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The id as it is, in JSON, in JSON within JSON, in a URL, and in the ids of rows."""
        in_json = json.dumps(self.customer)[1:-1]
        texts = (self.customer, in_json, json.dumps(in_json)[1:-1], quote(self.customer, safe=""), self._in_ids)
        return tuple(dict.fromkeys(texts))

    @cached_property
    def _word(self) -> re.Pattern[str]:
        names = "|".join(re.escape(one) for one in sorted(self.spellings, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?<!\w[-.@+])(?:{names})(?!\w)(?![-.@+]\w)")

    def is_in(self, text: str) -> bool:
        """Whether the id is a word of a text."""
        return any(one in text for one in self.spellings) and self._word.search(text) is not None

    def redacted(self, text: str) -> str:
        """The text without the id."""
        return self._word.sub(REDACTED, text) if any(one in text for one in self.spellings) else text

    def is_value(self, text: str, name: str) -> bool:
        """Whether the value of a field is about the customer."""
        if self.is_distinctive or (name in _FREE_TEXTS and self.reads_sentences):
            return self.is_in(text)
        if is_customer_field(name) and text.strip() == self.customer:
            return True
        return self.is_in_id(text)

    def is_in_id(self, text: str) -> bool:
        """Whether it is the id of a list or a made id of a row (docs/identity.md) that has the customer in it."""
        return "#" in text and self._own_id.match(text) is not None

    @property
    def _in_ids(self) -> str:
        return self.customer.replace("%", "%25").replace("#", "%23")

    @cached_property
    def _own_id(self) -> re.Pattern[str]:
        name, inside = re.escape(self.customer), re.escape(self._in_ids)
        contexts, kinds = "|".join(LIST_ENDS), "|".join(INTERACTIONS)
        return re.compile(rf"{name}#(?:{contexts})$|{inside}#(?:{kinds})#|[^#]*#[^#]*##{inside}#")

    def cleared(self, value: Any, name: str = "") -> Any:
        """A JSON value without the id: in every text that is about the customer."""
        if isinstance(value, str):
            return self.redacted(value) if self.is_value(value, name) else value
        if isinstance(value, list):
            return [self.cleared(part, name) for part in value]
        if isinstance(value, dict):
            return {self._cleared_name(key): self.cleared(part, key) for key, part in value.items()}
        return value

    def _cleared_name(self, name: str) -> str:
        return self.redacted(name) if self.is_distinctive else name

    def in_value(self, value: Any, name: str = "") -> bool:
        """Whether a JSON value is about the customer anywhere. In a line that is no row, any word may be the id."""
        if isinstance(value, str):
            return self.is_value(value, name)
        if isinstance(value, list):
            return any(self.in_value(part, name) for part in value)
        if is_bare_line(value):
            return self.is_in(str(value["line"]))
        if isinstance(value, dict):
            return any((self.is_distinctive and self.is_in(key)) or self.in_value(value[key], key) for key in value)
        return False
