from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.reasons.grammar import Form, Sentence

BOUGHT = Sentence("bought", "bought {what} {times:#} times (last {ago:day} ago)")
SEEN = Sentence("seen", "seen by {people:customer}")
FORM = Form(((BOUGHT,), (SEEN,)), "; ")


def test_fields_are_columns_or_expressions() -> None:
    frame = pl.DataFrame({"what": ["tea", None], "times": [2, 3], "ago": [1, 5]})
    said = frame.select(BOUGHT.say(what="what", times=pl.col("times") + 1, ago="ago")).to_series().to_list()
    assert said == ["bought tea 3 times (last 1 day ago)", None]


def test_numbers_and_texts_are_told_apart() -> None:
    assert BOUGHT.numbers == ("times", "ago")
    assert BOUGHT.texts == ("what",)


@pytest.mark.parametrize(
    ("text", "times", "people"),
    [
        ("bought tea 1,234 times (last 2 days ago)", 1234, None),
        ("seen by 1 customer", None, 1),
        ("bought a; b 2.5 times (last 1 day ago); seen by 9 customers", 2.5, 9),
        ("seen by 9 customers; bought tea 2 times (last 1 day ago)", None, None),
        ("bought tea two times (last 1 day ago)", None, None),
    ],
)
def test_places_come_in_their_order(text: str, times: float | None, people: float | None) -> None:
    row = FORM.read(pl.Series([text])).row(0, named=True)
    assert (row[BOUGHT.field("times")], row[SEEN.field("people")]) == (times, people)
