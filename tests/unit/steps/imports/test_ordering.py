from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.imports.ordering import sorted_by_text, text_keys

TEXTS = st.one_of(
    st.lists(st.text("abZ019-", max_size=4)),
    st.lists(st.text("abZ\0019-", max_size=7)),
    st.lists(st.text("abZ019-", max_size=12)),
    st.lists(st.text("abZ019-", max_size=40)),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12)),
)


@settings(deadline=None, max_examples=200)
@given(TEXTS, st.integers(0, 5))
def test_rows_come_in_the_order_of_the_bytes_of_their_texts(texts: list[str], cut: int) -> None:
    frame = pl.DataFrame(
        {"text": texts, "place": range(len(texts)), "nothing": [None] * len(texts)},
        schema={"text": pl.String, "place": pl.Int64, "nothing": pl.String},
    )
    frame = pl.concat([frame.head(cut), frame.slice(cut)])
    ordered = sorted(range(len(texts)), key=lambda place: texts[place].encode())  # stable, as the rows must be
    result = sorted_by_text(frame, "text")
    assert result["place"].to_list() == ordered
    assert result["text"].to_list() == [texts[place] for place in ordered]
    assert result.schema == frame.schema


@pytest.mark.parametrize(
    ("texts", "keys"),
    [(["", "b", "a" * 7], 1), (["a" * 12, "b" * 8], 2), (["a" * 13, "b"], 1), (["é", "z"], 1), (["a", "a\0"], 1)],
)
def test_keys_tell_texts_apart(texts: list[str], keys: int) -> None:
    found = text_keys(pl.Series("text", texts))
    assert len(found) == keys
    assert pl.DataFrame(found).is_unique().all()
