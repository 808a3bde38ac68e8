"""What is read of the published rows. Older services wrote some of them, and what they liked: a field that is missing
or of another type is read as if nobody had written it, and an entry without a product as if there were none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any


def entries(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The entries of a list, in its order; each has a `productId`."""
    stored = item.get("recommendations")
    if not isinstance(stored, list):
        return []
    return [entry for entry in stored if isinstance(entry, Mapping) and text(entry.get("productId"))]


def text(value: Any) -> str | None:
    """A text; None for anything else."""
    return value if isinstance(value, str) else None


def texts(value: Any) -> list[str]:
    """The texts of a list, or of a set in their order; empty for anything else."""
    ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    return [part for part in ordered if isinstance(part, str)] if isinstance(ordered, list) else []


def day(value: Any) -> date | None:
    """The day of a date or time in ISO form; None for anything else."""
    with suppress(TypeError, ValueError):
        return date.fromisoformat(value[:10])
    return None


def number(value: Any) -> int | Decimal | None:
    """A number; None for anything else."""
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
