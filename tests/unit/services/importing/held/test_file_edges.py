from __future__ import annotations

import numpy as np
import polars as pl

from omnix_cli.services.importing.held.file_edges import FileEdges
from omnix_cli.services.importing.identify_rows import Identifier
from tests.unit.steps.imports.groups.order_lines import unidentified


def orders(*ids: str | None) -> pl.DataFrame:
    return unidentified(*(1.0 for _ in ids)).with_columns(pl.Series("order_id", ids, pl.String))


def test_a_file_begins_and_ends_with_an_order() -> None:
    edges = FileEdges(Identifier("purchases"))
    groups = np.arange(5, dtype=np.uint64)
    edges.add(orders("a", "a", "b"), groups[:3])
    edges.add(orders("b", "c"), groups[3:])
    assert edges.end_file(0).tolist() == [0, 1, 4]
    edges.add(orders(None, "d"), None)
    assert edges.end_file(1).tolist() == []
    found = edges.orders().sort("_file", "order").rows()
    assert found == [
        (0, "2019-01-01##a", True, False),
        (0, "2019-01-01##c", False, True),
        (1, "2019-01-01##d", False, True),
    ]


def test_orders_that_are_replaced_as_a_whole_have_no_edges() -> None:
    edges = FileEdges(Identifier("purchases", whole_orders=True))
    edges.add(orders("a", "b"), None)
    edges.end_file(0)
    assert edges.orders().is_empty()
