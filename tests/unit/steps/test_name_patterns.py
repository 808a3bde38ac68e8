from __future__ import annotations

import fnmatch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.name_patterns import matches, without_amount

TEXT = st.text("aB.+ (é*?|", max_size=6)


def found(text: str | None, *patterns: str) -> bool:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    return bool(frame.select(matches(pl.col("text"), patterns)).item())


@given(text=TEXT, pattern=TEXT)
def test_a_pattern_matches_as_the_shells_do_without_case_and_blanks_around(text: str, pattern: str) -> None:
    expected = fnmatch.fnmatchcase(text.strip().lower(), pattern.strip().lower())
    assert found(text, pattern) == expected


def test_nothing_matches_no_pattern_and_null_matches_nothing() -> None:
    assert not found("milk")
    assert not found(None, "*")
    assert found("Geschenk-Gutschein\n20", "geschenk*20")


@pytest.mark.parametrize(
    "text", ["Gift card 25 €", "GIFT CARD - 10.00 EUR", "gift card (50)", "Gift Card", "gift card 5%"]
)
def test_an_amount_at_the_end_does_not_count(text: str) -> None:
    assert pl.DataFrame({"t": [text]}).select(without_amount(pl.col("t"))).item() == "gift card"
