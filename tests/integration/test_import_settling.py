"""How dates and numbers are written is settled over the whole file, whatever the size of its chunks."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.services.importing.imports import import_files
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import current_rows, imported, importer, write

HEADER = "customer_id;order_id;product_id;quantity;unit_price;purchased_at"
PLAIN = [f"{order % 3};{order};1;1;2;2020-01-15" for order in range(200)]


def late(*ends: str) -> list[str]:
    return [*PLAIN, *(f"9;e{number};1;1;{end}" for number, end in enumerate(ends))]


@pytest.mark.parametrize("block_bytes", [300, 8 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_a_late_row_settles_the_whole_file(tmp_path: Path, block_bytes: int, packed: bool) -> None:
    work = importer(tmp_path / "w", block_bytes=block_bytes)
    lines = late("2,500;03/04/2020", *["2,5;04/04/2020"] * 40, "1;13/04/2020")
    file = write(tmp_path / "a.csv", lines, HEADER)
    if packed:
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
        file = tmp_path / "a.csv.gz"
    report = imported(work, file)
    assert (report.accepted, report.files[0].findings["dates"], report.files[0].findings["decimals"]) == (
        242,
        "day first",
        "comma",
    )
    row = current_rows(work).filter(order_id="e0")
    assert (row["purchase_day"].item(), float(row["unit_price"].item())) == (date(2020, 4, 3), 2.5)


@pytest.mark.parametrize("block_bytes", [300, 8 << 20])
@pytest.mark.parametrize(
    "ends", [["2;03/04/2020"], ["2,500;2020-01-01"], ["2;13/04/2020", *["2;2020-01-01"] * 40, "2;04/13/2020"]]
)
def test_what_the_file_leaves_open_is_asked(tmp_path: Path, block_bytes: int, ends: list[str]) -> None:
    work = importer(tmp_path / "w", block_bytes=block_bytes)
    with pytest.raises(DataError):
        imported(work, write(tmp_path / "a.csv", late(*ends), HEADER))
    assert not work.ledger.batches("purchases")


def test_a_nightly_file_is_read_as_the_earlier_ones(tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    open_one = "2,500;03/04/2020"
    given = load_mapping("purchases", None).model_copy(update={"day_first": True, "decimal_comma": True})
    import_files(work, [str(write(tmp_path / "s-2020-04-02.csv", late("1,5;02/04/2020"), HEADER))], given)
    report = imported(work, write(tmp_path / "s-2020-04-03.csv", late(open_one), HEADER))
    found = report.files[0].findings
    assert found["dates"] == "day first (as in other files of this source)"
    assert found["decimals"] == "comma (as in other files of this source)"
    assert date(2020, 4, 3) in current_rows(work)["purchase_day"].to_list()
    with pytest.raises(DataError, match="day first or month first"):
        imported(work, write(tmp_path / "elsewhere.csv", late("1;03/04/2020"), HEADER))


def test_a_file_that_shows_another_order_is_believed(tmp_path: Path) -> None:
    work = importer(tmp_path / "w")
    imported(work, write(tmp_path / "s1.csv", late("1;13/04/2020"), HEADER))
    imported(work, write(tmp_path / "s2.csv", late("1;04/14/2020", "1;04/05/2020"), HEADER))
    assert current_rows(work)["purchase_day"].max() == date(2020, 4, 14)


@pytest.mark.parametrize("order", [1, -1])
def test_the_files_of_a_first_import_settle_each_other(tmp_path: Path, order: int) -> None:
    """A month of daily files: those of the first days alone could be read in two ways."""
    days = [("2,500", "02/04/2020"), ("1,5", "03/04/2020"), ("2,500", "17/04/2020")]
    files = [
        write(tmp_path / f"s-{number}.csv", late(f"{price};{day}"), HEADER)
        for number, (price, day) in enumerate(days[::order])
    ]
    work = importer(tmp_path / "w")
    report = imported(work, *files)
    assert report.files[0].findings["decimals"].startswith("comma")
    found = current_rows(work).filter(pl.col("purchase_day") > date(2020, 3, 1)).sort("purchase_day")
    assert found.select(pl.col("purchase_day").dt.day(), pl.col("unit_price").cast(pl.Float64)).rows() == [
        (2, 2.5),
        (3, 1.5),
        (17, 2.5),
    ]


def test_files_of_another_source_settle_nothing(tmp_path: Path) -> None:
    days = {"a.csv": "02/04/2020", "b.csv": "17/04/2020"}
    files = [write(tmp_path / name, late(f"1;{day}"), HEADER) for name, day in days.items()]
    with pytest.raises(DataError, match="day first or month first"):
        imported(importer(tmp_path / "w"), *files)
