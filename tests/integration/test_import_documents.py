"""Order documents through a whole import: the same orders as JSON in every layout and as Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omnix_cli.services.importing.reports import ImportReport
from tests.importing import current_rows, imported, importer

SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "customerId": pa.string(),
        "orderDate": pa.string(),
        "status": pa.string(),
        "items": pa.list_(pa.struct({"productId": pa.string(), "quantity": pa.int64(), "unitPrice": pa.float64()})),
    }
)
MILK: dict[str, Any] = {"productId": "milk", "quantity": 2, "unitPrice": 1.25}
TEA: dict[str, Any] = {"productId": "tea", "quantity": 1, "unitPrice": 4.5}


def order(number: int, items: list[dict[str, Any] | None] | None, **values: Any) -> dict[str, Any]:
    fixed = {"id": f"o{number}", "customerId": f"c{number}", "orderDate": "2020-05-01T10:00:00Z", "status": "completed"}
    return {**fixed, "items": items, **values}


ORDERS = [order(1, [MILK, TEA]), order(2, [MILK]), order(3, []), order(4, None), order(5, [TEA, None])]

LAYOUTS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "lines": lambda orders: "\n".join(map(json.dumps, orders)) + "\n",
    "without line feeds": lambda orders: "".join(map(json.dumps, orders)),
    "over lines": lambda orders: "\n".join(json.dumps(one, indent=2) for one in orders),
    "array": json.dumps,
    "array over lines": lambda orders: json.dumps(orders, indent=4),
}


def by_import(tmp_path: Path, file: Path) -> ImportReport:
    return imported(importer(tmp_path / "workspace", max_bad=1.0), file, kind="orders")


def outcome(report: ImportReport) -> tuple[Any, ...]:
    reasons = sorted((reason.column, reason.reason, reason.rows) for reason in report.reasons)
    return report.read, report.accepted, reasons


def test_parquet_is_counted_as_ndjson_is(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ORDERS, SCHEMA), tmp_path / "orders.parquet")
    report = by_import(tmp_path, tmp_path / "orders.parquet")
    assert outcome(report) == (7, 4, [("product_id", "an order without items", 2), ("product_id", "missing", 1)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_is_read_in_every_layout(tmp_path: Path, layout: str) -> None:
    file = tmp_path / "orders.json"
    file.write_text(LAYOUTS[layout](ORDERS))
    assert outcome(by_import(tmp_path, file)) == (
        7,
        4,
        [("product_id", "an order without items", 2), ("product_id", "missing", 1)],
    )


def test_a_file_whose_only_order_has_no_items_is_no_wrong_file(tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(order(1, [])))
    assert outcome(by_import(tmp_path, file)) == (1, 0, [("product_id", "an order without items", 1)])


def test_long_numbers_are_different_ids(tmp_path: Path) -> None:
    receipts = [10**43 + number for number in range(3)]
    file = tmp_path / "orders.json"
    file.write_text("\n".join(json.dumps(order(1, [MILK], id=receipt, customerId=receipt)) for receipt in receipts))
    work = importer(tmp_path / "workspace")
    imported(work, file, kind="orders")
    rows = current_rows(work).sort("order_id")
    assert rows["order_id"].to_list() == [str(receipt) for receipt in receipts]
    assert rows["customer_id"].to_list() == [str(receipt) for receipt in receipts]


def test_extended_json_has_prices_and_instants(tmp_path: Path) -> None:
    item = {"productId": {"$oid": "5f"}, "quantity": {"$numberInt": "2"}, "unitPrice": {"$numberDecimal": "3.50"}}
    canonical = order(1, [item], orderDate={"$date": {"$numberLong": "1588327200000"}})
    relaxed = order(2, [{**item, "quantity": 2}], orderDate={"$date": "2020-05-01T10:00:00Z"})
    file = tmp_path / "orders.json"
    file.write_text(f"{json.dumps(canonical)}\n{json.dumps(relaxed)}\n")
    work = importer(tmp_path / "workspace")
    imported(work, file, kind="orders")
    rows = current_rows(work).select("product_id", "quantity", pl.col("unit_price").cast(pl.Float64), "purchased_at")
    assert rows.rows()[0] == rows.rows()[1]
    assert rows.rows()[0][:3] == ("5f", 2, 3.5)
    assert str(rows.rows()[0][3]) == "2020-05-01 10:00:00+00:00"
