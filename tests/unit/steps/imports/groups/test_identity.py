from __future__ import annotations

import polars as pl

from omnix_cli.steps.imports.groups.identity import groups, modes, numbers, order_keys

IDS = [
    "2019-03-01#north#R-1#beer",
    "2019-03-01#north#R-1#7",
    "2019-03-01#north#R-1#beer#2",
    "2019-03-03T16:00:00#north#R-1#beer#return",
    "2019-03-03T16:00:00#north#R-1#beer#return#3",
    "2019-03-01T10:00:00###C7#9",
    "2019-03-01T10:00:00###C7#9#2",
    "##o1#milk",
    "given#1#2#3#4",
]


def test_ids_say_which_group_and_order_they_belong_to() -> None:
    ids = pl.Series(IDS)
    found = groups(ids, "purchases")
    assert found.to_list() == [*IDS[:2], IDS[0], IDS[3], IDS[3], IDS[5], IDS[5], *IDS[7:]]
    assert numbers(ids, found).to_list() == [1, 1, 2, 1, 3, 1, 2, 1, 1]
    order = "2019-03-01#north#R-1"
    day = "2019-03-03#north#R-1"
    assert order_keys(ids).to_list() == [order, order, order, day, day, None, None, "##o1", None]
    assert modes(found, "purchases", whole_orders=False).to_list() == [*["order"] * 5, *["lines"] * 2, "order", "last"]
    assert modes(found, "purchases", whole_orders=True).to_list()[-2:] == ["document", "last"]
