"""Numbers with their nouns, as people write them: `1 row`, `2 rows`."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """The number and the noun, in the singular for one; the plural is the noun with an s unless another is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
