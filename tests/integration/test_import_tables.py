"""Delta and Iceberg tables that are imported again when they have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from pyiceberg.catalog.sql import SqlCatalog

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportRefused
from tests.importing import HEADER, current_rows, imported, importer, line, write

pytestmark = pytest.mark.filterwarnings("default")

Write = Callable[[Sequence[int]], Path]


def sales(orders: Sequence[int]) -> pl.DataFrame:
    """A line of each order, whose ids begin at 1000."""
    rows = [line(1000 + order).split(",") for order in orders]
    return pl.DataFrame(rows, schema=HEADER.split(","), orient="row")


@pytest.fixture(params=["delta", "iceberg"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    """Replaces the rows of a table, which is made if it does not exist."""

    def delta(orders: Sequence[int]) -> Path:
        sales(orders).write_delta(tmp_path / "sales", mode="overwrite")
        return tmp_path / "sales"

    def iceberg(orders: Sequence[int]) -> Path:
        catalog = SqlCatalog("t", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/lake")
        catalog.create_namespace_if_not_exists("shop")
        rows = sales(orders).to_arrow()
        made: Any = catalog.create_table_if_not_exists("shop.sales", schema=rows.schema)
        made.overwrite(rows.cast(made.schema().as_arrow()))
        return Path(made.location().removeprefix("file://"))

    return delta if request.param == "delta" else iceberg


def orders(folder: Path) -> list[int]:
    return sorted(int(order) - 1000 for order in current_rows(importer(folder))["order_id"])


def test_rows_that_a_table_no_longer_has_are_withdrawn_and_told(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    report = imported(work, table(range(2, 12)))
    assert orders(tmp_path / "w") == list(range(2, 12))
    assert (report.accepted, report.known) == (2, 8)
    (finding,) = report.findings
    assert (finding.code, finding.rows) == ("withdrawn", 2)
    assert "--no-complete" in finding.hint
    assert imported(work, table(range(4, 12))).findings[0].rows == 2  # of which one batch has one, another the other
    assert orders(tmp_path / "w") == list(range(4, 12))


def test_a_table_that_did_not_change_is_not_read_again(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    path = table(range(2, 12))
    imported(work, path)
    report = imported(work, path)
    assert "unchanged" in report.files[0].findings
    assert orders(tmp_path / "w") == list(range(2, 12))


def test_the_version_that_was_imported_last_counts(tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    for rows in (range(10), range(8)):
        sales(rows).write_delta(tmp_path / "sales", mode="overwrite")
        imported(work, tmp_path / "sales")
    how = parse_mapping("purchases", {"at": 0}, where="test")
    import_files(work, [str(tmp_path / "sales")], how)
    assert orders(tmp_path / "w") == list(range(10))
    imported(work, tmp_path / "sales")
    assert orders(tmp_path / "w") == list(range(8))


def test_rows_of_other_files_stay(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, write(tmp_path / "old.csv", map(line, range(1100, 1105))))
    imported(work, table(range(10)))
    imported(work, table(range(3, 10)))
    assert orders(tmp_path / "w") == [*range(3, 10), *range(100, 105)]


def test_a_table_that_keeps_the_newest_rows_only_is_asked_about(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    path = table(range(10, 20))
    with pytest.raises(ImportRefused, match="10 of 10 imported purchases are no longer in") as refused:
        imported(work, path)
    assert "--no-complete" in str(refused.value.hint)
    assert orders(tmp_path / "w") == list(range(10))
    imported(work, path, complete=False)
    assert orders(tmp_path / "w") == list(range(20))


def test_a_replaced_table_is_complete_if_that_is_said(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    imported(work, table(range(10, 20)), complete=True)
    assert orders(tmp_path / "w") == list(range(10, 20))


def test_a_table_that_lost_most_rows_and_has_no_others_is_believed(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    assert imported(work, table(range(3))).findings[0].rows == 7
    assert orders(tmp_path / "w") == [0, 1, 2]


def test_a_dry_run_withdraws_nothing(table: Write, tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, table(range(10)))
    assert imported(work, table(range(2, 10)), dry_run=True).findings[0].rows == 2
    assert orders(tmp_path / "w") == list(range(10))


def test_bad_rows_of_an_earlier_version_leave_the_quarantine(tmp_path: Path) -> None:
    work = importer(tmp_path / "w", max_bad=1)
    bad = sales([1, 2, 3]).with_columns(quantity=pl.Series(["1", "1", "many"]))
    bad.write_delta(tmp_path / "sales")
    assert imported(work, tmp_path / "sales").quarantined == 1
    DeltaTable(tmp_path / "sales").update({"quantity": "'2'"}, predicate="quantity = 'many'")
    imported(work, tmp_path / "sales")
    assert work.ledger.quarantine("purchases").collect().is_empty()
    assert current_rows(work)["quantity"].sum() == 4


def test_only_tables_of_purchases_can_be_complete(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [line(1)])
    with pytest.raises(ConfigError, match="only products, customers, and Delta or Iceberg tables can be complete"):
        imported(importer(tmp_path / "w"), file, complete=True)
