from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from omnix_cli.reasons.grammar import Form, Sentence

BOUGHT = Sentence("bought", "bought {what} {times:#} times (after {gap:day}, on {on:date})")
SEEN = Sentence("seen", "seen by {people:customer}")
FORM = Form(((BOUGHT,), (SEEN,)), "; ")


def test_fields_are_columns_or_expressions() -> None:
    frame = pl.DataFrame({"what": ["tea", None], "times": [2, 3], "gap": [1, 5], "on": [date(2017, 3, 9)] * 2})
    said = frame.select(BOUGHT.say(what="what", times=pl.col("times") + 1, gap="gap", on="on")).to_series().to_list()
    assert said == ["bought tea 3 times (after 1 day, on 9 March 2017)", None]


def test_numbers_texts_and_days_are_told_apart() -> None:
    assert (BOUGHT.numbers, BOUGHT.texts, BOUGHT.dates) == (("times", "gap"), ("what",), ("on",))


@pytest.mark.parametrize(
    ("text", "times", "people"),
    [
        ("bought tea 1,234 times (after 2 days, on 31 December 2017)", 1234, None),
        ("seen by 1 customer", None, 1),
        ("bought a; b 2.5 times (after 1 day, on 1 May 2017); seen by 9 customers", 2.5, 9),
        ("seen by 9 customers; bought tea 2 times (after 1 day, on 1 May 2017)", None, None),
        ("bought tea two times (after 1 day, on 1 May 2017)", None, None),
    ],
)
def test_places_come_in_their_order(text: str, times: float | None, people: float | None) -> None:
    row = FORM.read(pl.Series([text])).row(0, named=True)
    assert (row[BOUGHT.field("times")], row[SEEN.field("people")]) == (times, people)


def test_a_day_is_read_as_it_was_written() -> None:
    day = date(1987, 12, 1)
    said = pl.select(BOUGHT.say(what=pl.lit("tea"), times=pl.lit(2), gap=pl.lit(3), on=pl.lit(day))).to_series()
    assert FORM.read(said)[BOUGHT.field("on")].to_list() == [day]
