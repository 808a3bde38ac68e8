from __future__ import annotations

import polars as pl

from omnix_cli.steps.imports.groups.merge import merge
from omnix_cli.steps.imports.groups.numbering import new_lines
from omnix_cli.steps.imports.groups.stated_lines import Edges, statements
from tests.unit.steps.imports.groups.order_lines import current, stated


def test_lines_that_stand_keep_their_ids_and_new_ones_get_free_numbers() -> None:
    before = current(1, 2)
    told = statements(stated(3, 2, 3), "purchases", Edges.none())
    found = new_lines(merge(told, before).state, told.lines, before, "purchases")
    assert found.superseded["id"].to_list() == ["2019-01-01##o#p"]
    rows = pl.concat(found.rows(1)).select("purchase_id", "quantity").rows()
    assert rows == [("2019-01-01##o#p", 3.0), ("2019-01-01##o#p#3", 3.0)]
