from __future__ import annotations

from datetime import datetime

import polars as pl

from omnix_cli.steps.imports.groups.former_ids import without_made_ids
from omnix_cli.steps.imports.groups.identity import WRITTEN
from tests.conftest import purchases


def test_only_ids_that_were_made_are_removed() -> None:
    rows = purchases(*[("a#b", "p", "2020-01-01")] * 3, order_id=pl.Series(["o", "o", None]))
    ids = ["a%23b#o#p#2", "given", "a%23b##p#2020-01-01T12:00:00Z"]
    nameless = without_made_ids(rows.with_columns(purchase_id=pl.Series(ids)), "Europe/Paris")
    assert nameless["purchase_id"].to_list() == [None, "given", None]
    assert nameless[WRITTEN].to_list() == [datetime(2020, 1, 1, 13)] * 3
