"""Patterns of ids and names, as people write them in settings and rule files."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

_WILD = re.compile(r"[*?]")
_AMOUNT = r"[\s\d.,:;#%€$£+()\[\]/_-]+(?:(?:eur|usd|gbp|chf|euro)[\s\d.,:;#%€$£()\[\]/_-]*)?$"
"""Numbers, currencies and punctuation at the end of a text."""


def matches(text: pl.Expr, patterns: Iterable[str]) -> pl.Expr:
    """Whether the whole text matches one of the patterns: `*` is any text, `?` one character; case and blanks around
    do not count. A null text matches none."""
    plain = sorted({pattern.strip().lower() for pattern in patterns})
    folded = text.str.strip_chars().str.to_lowercase()
    found = folded.is_in([one for one in plain if not _WILD.search(one)])
    if wild := [_regex(one) for one in plain if _WILD.search(one)]:
        found |= folded.str.contains(f"(?s)^(?:{'|'.join(wild)})$")
    return found.fill_null(False)


def without_amount(text: pl.Expr) -> pl.Expr:
    """The text without an amount at its end: "Gift card 25 €" is a "gift card"."""
    return text.str.strip_chars().str.to_lowercase().str.replace(_AMOUNT, "")


def _regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(character) or pl.escape_regex(character) for character in pattern)
