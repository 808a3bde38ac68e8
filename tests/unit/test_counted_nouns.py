from __future__ import annotations

import pytest

from omnix_cli.counted_nouns import counted


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [
        (0, "row", None, "0 rows"),
        (1, "row", None, "1 row"),
        (2000, "row", None, "2,000 rows"),
        (1, "line takes", "lines take", "1 line takes"),
        (2, "line takes", "lines take", "2 lines take"),
    ],
)
def test_one_is_singular(number: int, noun: str, plural: str | None, text: str) -> None:
    assert counted(number, noun, plural) == text
