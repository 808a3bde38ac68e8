"""The sentences of reasons: written by steps, read again by the check."""

from __future__ import annotations

from datetime import date
from itertools import chain, product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.reasons import sentences as reasons
from omnix_cli.reasons.grammar import Form, Sentence

FORMS = (
    reasons.NEEDED_AGAIN,
    reasons.OFFERED_AS_NEW,
    reasons.FILLED_UP,
    reasons.OF_THE_SHOP,
    reasons.NEIGHBOURS,
)
SENTENCES = list(dict.fromkeys(chain.from_iterable(form.sentences for form in FORMS)))
DAY = date(2017, 12, 21)
NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1).filter(lambda name: name.strip() == name)


def written(sentence: Sentence, **fields: object) -> str:
    return str(pl.select(sentence.say(**{name: pl.lit(value) for name, value in fields.items()})).item())


def example(sentence: Sentence, name: str = "Milk", count: int = 3) -> str:
    dates = dict.fromkeys(sentence.dates, DAY)
    return written(sentence, **dict.fromkeys(sentence.numbers, count), **dict.fromkeys(sentence.texts, name), **dates)


@pytest.mark.parametrize("count", [0, 1, 2, 1234])
def test_a_count_has_its_noun(count: int) -> None:
    noun = "customer" if count == 1 else "customers"
    assert written(Sentence("seen", "seen by {customers:customer}"), customers=count) == f"seen by {count} {noun}"


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 customer"), (2, "2 customers"), (4, "3+ customers"), (37, "20+ customers")]
)
def test_a_count_of_all_customers_is_rounded_down(count: int, said: str) -> None:
    assert written(reasons.COUNTED["customer"].popular, customers=count) == f"bought by {said}"


def test_a_missing_field_leaves_no_sentence() -> None:
    assert pl.select(reasons.COUNTED["customer"].popular.say(customers=pl.lit(None, pl.Int32))).item() is None


@pytest.mark.parametrize("form", FORMS)
def test_every_reason_is_read_as_it_was_written(form: Form) -> None:
    texts, expected = [], []
    for places in product(*((None, *place) for place in form.places)):
        chosen = [sentence for sentence in places if sentence]
        if chosen:
            texts.append(form.separator.join(map(example, chosen)))
            expected.append({sentence.kind for sentence in chosen})
    read = form.read(pl.Series(texts))
    kinds = {sentence.field("text"): sentence.kind for sentence in form.sentences}
    found = [
        {kinds[name] for name, value in row.items() if value is not None}
        for row in read.select(*kinds).iter_rows(named=True)
    ]
    assert found == expected
    for sentence in form.sentences:
        values = read.drop_nulls(sentence.field("text"))
        for name in sentence.numbers:
            assert set(values[sentence.field(name)]) == {3.0}
        for name in sentence.texts:
            assert set(values[sentence.field(name)]) == {"Milk"}
        for name in sentence.dates:
            assert set(values[sentence.field(name)]) == {DAY}


@settings(deadline=None)
@given(NAMES)
def test_the_name_of_a_product_may_be_anything(name: str) -> None:
    text = written(reasons.TOGETHER_WITH, source=name, customers=5)
    row = reasons.OFFERED_AS_NEW.read(pl.Series([text])).row(0, named=True)
    assert row[reasons.TOGETHER_WITH.field("source")] == name
    assert row[reasons.TOGETHER_WITH.field("customers")] == 5


@pytest.mark.parametrize("text", ["", "because", "bought by many customers", "you buy this", "bought by 3 customersx"])
def test_another_text_is_no_reason_of_ours(text: str) -> None:
    for form in FORMS:
        row = form.read(pl.Series([text])).row(0, named=True)
        assert set(row.values()) <= {None}


def test_every_sentence_has_a_kind_of_its_own() -> None:
    assert len({sentence.kind for sentence in SENTENCES}) == len(SENTENCES)
