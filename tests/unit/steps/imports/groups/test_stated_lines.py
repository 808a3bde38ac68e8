from __future__ import annotations

import polars as pl

from omnix_cli.steps.imports.groups.stated_lines import Edges, statements
from tests.unit.steps.imports.groups.order_lines import stated


def test_equal_lines_of_a_file_are_counted() -> None:
    found = statements(stated(1, 2, 1), "purchases", Edges.none())
    assert found.lines.sort("quantity").select("quantity", "n", "_rows").rows() == [(1.0, 2, 2), (2.0, 1, 1)]


def test_files_take_turns() -> None:
    both = pl.concat([stated(2, file=1), stated(1, file=0)])
    found = statements(both, "purchases", Edges.none())
    assert found.lines.sort("_turn")["quantity"].to_list() == [1.0, 2.0]
