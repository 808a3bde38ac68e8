"""The ids of published lists."""

from __future__ import annotations

import polars as pl
import pytest

from omnix_cli import list_ids
from omnix_cli.list_ids import ListId


def test_ids_are_what_readers_of_the_table_look_up() -> None:
    assert list_ids.personal("C7") == "C7#homepage"
    assert list_ids.personal("C7", "replenishment") == "C7#replenishment"
    assert list_ids.shared("similar", "1082185") == "similar#1082185"
    assert list_ids.trending() == "trending#all"
    assert list_ids.seasonal("winter") == "seasonal#winter"
    assert list_ids.popular() == "popular#all"


def test_columns_give_the_same_ids_as_texts() -> None:
    frame = pl.DataFrame({"id": ["C7", "a#b", None]})
    own, alike = list_ids.personal(pl.col("id"), "homepage"), list_ids.shared("similar", pl.col("id"))
    ids = frame.select(own=own, alike=alike).to_dict(as_series=False)
    assert ids == {"own": ["C7#homepage", "a#b#homepage", None], "alike": ["similar#C7", "similar#a#b", None]}


@pytest.mark.parametrize(
    ("list_id", "wanted", "customer"),
    [
        ("C7#homepage", ListId("personal", "C7"), "C7"),
        ("C7#replenishment", ListId("replenishment", "C7"), "C7"),
        ("store#7#homepage", ListId("personal", "store#7"), "store#7"),
        ("similar#a#b", ListId("similar", "a#b"), None),
        ("complements#7", ListId("complements", "7"), None),
        ("substitutes#7", ListId("substitutes", "7"), None),
        ("trending#all", ListId("trending", "all"), None),
        ("seasonal#winter", ListId("seasonal", "winter"), None),
        ("popular#all", ListId("popular", "all"), None),
    ],
)
def test_an_id_says_whom_its_list_is_for(list_id: str, wanted: ListId, customer: str | None) -> None:
    parsed = list_ids.parse(list_id)
    assert parsed == wanted
    assert parsed.customer == customer
    assert pl.select(list_ids.is_shared(pl.lit(list_id))).item() is (customer is None)


@pytest.mark.parametrize("text", ["", "C7", "C7#checkout", "similar", "control#published"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a list"):
        list_ids.parse(text)
