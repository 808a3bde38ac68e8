"""A small file in the shape of each vendor's export, read with its recipe. Column names are the vendors', rows ours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from omnix_cli.errors import DataError
from tests.importing import current_rows, imported, importer

Row = tuple[str, str, str | None, str, float, str | None, str]


class Export(NamedTuple):
    """An export, and the rows it must become: customer, product, order, day, quantity, total, kind."""

    recipe: str
    kind: str
    name: str
    content: str
    rows: list[Row]
    set_aside: int = 0


def table(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def documents(*orders: dict[str, Any]) -> str:
    return "".join(orjson.dumps(order).decode() + "\n" for order in orders)


EXPORTS = [
    Export(
        "shopify",
        "purchases",
        "orders_export.csv",
        table(
            "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Total,Created at,"
            "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Vendor,Id",
            "#1001,ann@example.com,paid,2019-03-04 10:00:01 +0100,fulfilled,EUR,7.50,7.50,2019-03-04 10:00:00 +0100,"
            "2,Tea,2.50,TEA-1,,Leaf,5001",
            "#1001,,,,,,,,,1,Mug,2.50,,,Leaf,",
            "#1002,bob@example.com,voided,,,EUR,5.00,5.00,2019-03-05 11:00:00 +0100,1,Tea,2.50,TEA-1,"
            "2019-03-05 12:00:00 +0100,Leaf,5002",
            "#1002,,,,,,,,,1,Mug,2.50,,,Leaf,",
            "#1003,ann@example.com,partially_refunded,2019-03-06 10:00:01 +0100,fulfilled,EUR,2.50,2.50,"
            "2019-03-06 10:00:00 +0100,1,Tea,2.50,TEA-1,,Leaf,5003",
        ),
        [
            ("ann@example.com", "Mug", "#1001", "2019-03-04", 1, "2.50", "purchase"),
            ("ann@example.com", "TEA-1", "#1001", "2019-03-04", 2, "5.00", "purchase"),
            ("ann@example.com", "TEA-1", "#1003", "2019-03-06", 1, "2.50", "purchase"),
        ],
        set_aside=2,
    ),
    Export(
        "woocommerce",
        "orders",
        "orders.ndjson",
        documents(
            {
                "id": 727,
                "status": "completed",
                "customer_id": 26,
                "date_created_gmt": "2019-03-04T23:30:00",
                "billing": {"email": "ann@example.com"},
                "line_items": [
                    {"id": 1, "product_id": 93, "variation_id": 0, "quantity": 2, "total": "6.00", "price": 3},
                    {"id": 2, "product_id": 22, "variation_id": 23, "quantity": 1, "total": "12.00", "price": 12},
                ],
            },
            {
                "id": 728,
                "status": "processing",
                "customer_id": 0,
                "date_created_gmt": "2019-03-05T08:00:00",
                "billing": {"email": "guest@example.com"},
                "line_items": [
                    {"id": 3, "product_id": 93, "variation_id": 0, "quantity": 1, "total": "3.00", "price": 3}
                ],
            },
            {
                "id": 729,
                "status": "pending",
                "customer_id": 26,
                "date_created_gmt": "2019-03-05T08:00:00",
                "line_items": [{"id": 4, "product_id": 93, "variation_id": 0, "quantity": 9, "total": "27.00"}],
            },
        ),
        [
            ("26", "23", "727", "2019-03-04", 1, "12.00", "purchase"),
            ("26", "93", "727", "2019-03-04", 2, "6.00", "purchase"),
            ("guest@example.com", "93", "728", "2019-03-05", 1, "3.00", "purchase"),
        ],
        set_aside=1,
    ),
    Export(
        "square",
        "purchases",
        "items.csv",
        table(
            "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,"
            "Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Customer ID",
            "2019-03-04,17:39:12,Eastern Time (US & Canada),Drinks,Latte,2.0,Regular,LAT,,$9.00,$0.00,$9.00,$0.80,"
            "T1,P1,Till,,,Payment,Main,CUST1",
            "2019-03-04,18:02:00,Eastern Time (US & Canada),Drinks,Latte,-1.0,Regular,LAT,,-$4.50,$0.00,-$4.50,-$0.40,"
            "T2,P2,Till,,,Refund,Main,CUST1",
            "2019-03-04,18:10:00,Eastern Time (US & Canada),Food,Scone,1.0,Regular,,,$3.00,$0.00,$3.00,$0.30,"
            "T3,P3,Till,,,Payment,Main,",
        ),
        [
            ("CUST1", "LAT", "T1", "2019-03-04", 2, "9.00", "purchase"),
            ("CUST1", "LAT", "T2", "2019-03-04", 1, "4.50", "return"),
        ],
        set_aside=1,
    ),
    Export(
        "odoo-pos",
        "purchases",
        "pos.order.csv",
        table(
            "name,date_order,partner_id/id,state,config_id,lines/product_id/default_code,lines/qty,lines/price_unit,"
            "lines/price_subtotal_incl",
            "Shop/0001,2019-03-04 10:00:00,base.res_partner_1,done,Main,TEA,2,2.50,5.00",
            ",,,,,MUG,1,4.00,4.00",
            "Shop/0002,2019-03-05 10:00:00,base.res_partner_1,done,Main,TEA,-1,2.50,-2.50",
            "Shop/0003,2019-03-05 11:00:00,base.res_partner_2,draft,Main,TEA,1,2.50,2.50",
            ",,,,,MUG,1,4.00,4.00",
        ),
        [
            ("base.res_partner_1", "MUG", "Shop/0001", "2019-03-04", 1, "4.00", "purchase"),
            ("base.res_partner_1", "TEA", "Shop/0001", "2019-03-04", 2, "5.00", "purchase"),
            ("base.res_partner_1", "TEA", "Shop/0002", "2019-03-05", 1, "2.50", "return"),
        ],
        set_aside=2,
    ),
    Export(
        "magento",
        "orders",
        "orders.ndjson",
        documents(
            {
                "increment_id": "000000042",
                "customer_id": 7,
                "customer_email": "ann@example.com",
                "created_at": "2019-03-04 10:00:00",
                "status": "complete",
                "store_name": "Main",
                "items": [
                    {"item_id": 1, "sku": "SHIRT-M", "qty_ordered": 2, "price": 20, "row_total_incl_tax": 47.6},
                    {"item_id": 2, "sku": "SHIRT-M", "qty_ordered": 2, "price": 0, "parent_item_id": 1},
                ],
            },
            {
                "increment_id": "000000043",
                "customer_email": "guest@example.com",
                "created_at": "2019-03-05 10:00:00",
                "status": "processing",
                "items": [{"item_id": 3, "sku": "CAP", "qty_ordered": 1, "price": 9.5, "row_total_incl_tax": 9.5}],
            },
            {
                "increment_id": "000000044",
                "customer_id": 7,
                "created_at": "2019-03-06 10:00:00",
                "status": "pending_payment",
                "items": [{"item_id": 4, "sku": "CAP", "qty_ordered": 1, "price": 9.5}],
            },
        ),
        [
            ("7", "SHIRT-M", "000000042", "2019-03-04", 2, "47.60", "purchase"),
            ("guest@example.com", "CAP", "000000043", "2019-03-05", 1, "9.50", "purchase"),
        ],
        set_aside=2,
    ),
    Export(
        "amazon-orders",
        "purchases",
        "shipments.txt",
        table(
            "amazon-order-id,purchase-date,buyer-email,sku,product-name,quantity-shipped,currency,item-price,item-tax,"
            "sales-channel",
            "113-1,2019-03-04T10:00:00+00:00,x1@marketplace.amazon.com,TEA-1,Tea,2,USD,9.00,0.80,amazon.com",
            "113-1,2019-03-04T10:00:00+00:00,x1@marketplace.amazon.com,MUG-1,Mug,1,USD,4.00,0.40,amazon.com",
        ).replace(",", "\t"),
        [
            ("x1@marketplace.amazon.com", "MUG-1", "113-1", "2019-03-04", 1, "4.00", "purchase"),
            ("x1@marketplace.amazon.com", "TEA-1", "113-1", "2019-03-04", 2, "9.00", "purchase"),
        ],
    ),
    Export(
        "amazon-orders",
        "purchases",
        "all-orders.txt",
        table(
            "amazon-order-id,purchase-date,order-status,item-status,buyer-email,sku,quantity,currency,item-price",
            "113-1,2019-03-04T10:00:00+00:00,Shipped,Shipped,x1@marketplace.amazon.com,TEA-1,2,USD,9.00",
            "113-2,2019-03-05T10:00:00+00:00,Cancelled,Cancelled,x2@marketplace.amazon.com,TEA-1,0,,",
        ).replace(",", "\t"),
        [
            ("x1@marketplace.amazon.com", "TEA-1", "113-1", "2019-03-04", 2, "9.00", "purchase"),
            ("x2@marketplace.amazon.com", "TEA-1", "113-2", "2019-03-05", 1, None, "cancelled"),
        ],
    ),
    Export(
        "stripe",
        "purchases",
        "unified_payments.csv",
        table(
            "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Customer ID,Customer Email,Description,"
            "Status",
            "ch_1,2019-03-04 10:00:00,19.00,0.00,eur,true,cus_A,ann@example.com,Monthly box,Paid",
            "ch_2,2019-03-05 10:00:00,19.00,19.00,eur,true,cus_B,bob@example.com,Monthly box,Refunded",
            "ch_3,2019-03-06 10:00:00,19.00,0.00,eur,false,,eve@example.com,Monthly box,Paid",
            "ch_4,2019-03-06 11:00:00,19.00,0.00,eur,false,cus_A,ann@example.com,Monthly box,Requires action",
        ),
        [
            ("cus_A", "Monthly box", "ch_1", "2019-03-04", 1, "19.00", "purchase"),
            ("cus_B", "Monthly box", "ch_2", "2019-03-05", 1, "19.00", "cancelled"),
            ("eve@example.com", "Monthly box", "ch_3", "2019-03-06", 1, "19.00", "purchase"),
        ],
        set_aside=1,
    ),
    Export(
        "olist",
        "purchases",
        "lines.csv",
        table(
            "customer_unique_id,order_id,order_item_id,product_id,order_purchase_timestamp,price,order_status,seller_id",
            "u1,o1,1,p1,2017-10-02 10:56:33,29.99,delivered,s1",
            "u1,o1,2,p1,2017-10-02 10:56:33,29.99,delivered,s1",
            "u2,o2,1,p1,2017-10-03 10:56:33,29.99,canceled,s1",
        ),
        [
            ("u1", "p1", "o1", "2017-10-02", 1, "29.99", "purchase"),
            ("u1", "p1", "o1", "2017-10-02", 1, "29.99", "purchase"),
            ("u2", "p1", "o2", "2017-10-03", 1, "29.99", "cancelled"),
        ],
    ),
    Export(
        "instacart",
        "purchases",
        "lines.csv",
        table(
            "user_id,order_id,product_id,add_to_cart_order,reordered,ordered_at",
            "1,2539329,196,1,0,2017-01-01 08:00",
            "1,2539329,14084,2,0,2017-01-01 08:00",
            "1,2398795,196,1,1,2017-01-16 07:00",
        ),
        [
            ("1", "14084", "2539329", "2017-01-01", 1, None, "purchase"),
            ("1", "196", "2398795", "2017-01-16", 1, None, "purchase"),
            ("1", "196", "2539329", "2017-01-01", 1, None, "purchase"),
        ],
    ),
    Export(
        "ta-feng",
        "purchases",
        "ta_feng.csv",
        table(
            "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE",
            "11/1/2000,01104905,45-49,115,110411,4710199010372,2,24,30",
            "11/1/2000,00418683,45-49,115,120107,4710857472535,1,48,46",
        ),
        [
            ("00418683", "4710857472535", None, "2000-11-01", 1, "46.00", "purchase"),
            ("01104905", "4710199010372", None, "2000-11-01", 2, "30.00", "purchase"),
        ],
    ),
    Export(
        "hm",
        "purchases",
        "transactions_train.csv",
        table(
            "t_dat,customer_id,article_id,price,sales_channel_id",
            "2018-09-20,000058a1,0663713001,0.05,2",
            "2018-09-20,000058a1,0663713001,0.05,2",
            "2018-09-20,00007d2d,0505221004,0.02,2",
        ),
        [
            ("000058a1", "0663713001", None, "2018-09-20", 1, "0.05", "purchase"),
            ("000058a1", "0663713001", None, "2018-09-20", 1, "0.05", "purchase"),
            ("00007d2d", "0505221004", None, "2018-09-20", 1, "0.02", "purchase"),
        ],
    ),
    Export(
        "retailrocket",
        "purchases",
        "events.csv",
        table(
            "timestamp,visitorid,event,itemid,transactionid",
            "1433221332117,257597,view,355908,",
            "1433222276276,599528,transaction,356475,4000",
        ),
        [("599528", "356475", "4000", "2015-06-02", 1, None, "purchase")],
        set_aside=1,
    ),
    Export(
        "bigcommerce",
        "orders",
        "orders.ndjson",
        documents(
            {
                "id": 118,
                "customer_id": 11,
                "date_created": "Tue, 20 Nov 2012 10:00:00 +0000",
                "status": "Completed",
                "products": [
                    {"id": 1, "product_id": 74, "sku": "TEA-1", "price_inc_tax": "2.5000", "total_inc_tax": "5.0000"}
                    | {"quantity": 2}
                ],
            },
            {
                "id": 119,
                "customer_id": 0,
                "date_created": "Wed, 21 Nov 2012 10:00:00 +0000",
                "status": "Refunded",
                "billing_address": {"email": "guest@example.com"},
                "products": [{"id": 2, "product_id": 75, "sku": "", "total_inc_tax": "4.0000", "quantity": 1}],
            },
            {
                "id": 120,
                "customer_id": 11,
                "date_created": "Thu, 22 Nov 2012 10:00:00 +0000",
                "status": "Awaiting Payment",
                "products": [{"id": 3, "product_id": 75, "total_inc_tax": "4.0000", "quantity": 1}],
            },
        ),
        [
            ("11", "TEA-1", "118", "2012-11-20", 2, "5.00", "purchase"),
            ("guest@example.com", "75", "119", "2012-11-21", 1, "4.00", "cancelled"),
        ],
        set_aside=1,
    ),
]


@pytest.mark.parametrize("export", EXPORTS, ids=[export.recipe for export in EXPORTS])
def test_an_export_of_this_shape_is_read_by_its_recipe(tmp_path: Path, export: Export) -> None:
    file = tmp_path / export.name
    file.write_text(export.content, encoding="utf-8")
    report = imported(importer(tmp_path / "ws"), file, kind=export.kind, recipe=export.recipe)
    assert (report.quarantined, report.expected) == (export.set_aside, export.set_aside)
    assert "did you mean" not in str(report), "the recipes of omnix have no misspelt values"
    assert "total_price=Total" not in str(report), "the total of an order is not that of a line"
    rows = current_rows(importer(tmp_path / "ws")).sort("customer_id", "product_id", "order_id", "purchase_id")
    found = rows.select("customer_id", "product_id", "order_id", "purchase_day", "quantity", "total_price", "kind")
    assert found.rows() == [
        (*row[:3], date.fromisoformat(row[3]), row[4], None if row[5] is None else Decimal(row[5]), row[6])
        for row in export.rows
    ]


def test_an_answer_around_all_orders_is_refused_with_the_way_to_unpack_it(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    order = {"increment_id": "1", "created_at": "2019-03-01 10:00:00", "customer_id": 7, "customer_email": "a@x.org"}
    order |= {"status": "complete", "items": [{"sku": "TEA-1", "qty_ordered": 1}]}
    file.write_bytes(orjson.dumps({"items": [order], "total_count": 1}))
    with pytest.raises(DataError, match="no columns") as refused:
        imported(importer(tmp_path / "ws"), file, kind="orders", recipe="magento")
    assert "jq -c '.items[]'" in str(refused.value.hint)
    file.write_bytes(orjson.dumps(order))
    assert imported(importer(tmp_path / "ws"), file, kind="orders", recipe="magento").accepted == 1


def test_the_total_of_an_order_is_not_proposed_for_a_line(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(table("Name,Created at,Lineitem quantity,Lineitem sku,Total", "#1,2019-03-01,1,TEA-1,9.00"))
    with pytest.raises(DataError) as refused:
        imported(importer(tmp_path / "ws"), file)
    assert "--map 'product_id=Lineitem sku'" in str(refused.value.hint)
    assert "total_price" not in str(refused.value.hint)


@pytest.mark.parametrize(
    ("recipe", "kind", "name", "content", "ids"),
    [
        (
            "retailrocket",
            "interactions",
            "events.csv",
            table(
                "timestamp,visitorid,event,itemid,transactionid",
                "1433221332117,257597,view,355908,",
                "1433222276276,599528,addtocart,356475,",
                "1433222276277,599528,transaction,356475,4000",
            ),
            ["355908", "356475"],
        ),
        (
            "hm",
            "products",
            "articles.csv",
            table(
                "article_id,product_code,prod_name,product_type_name,product_group_name,detail_desc",
                "0108775015,0108775,Strap top,Vest top,Garment Upper body,Jersey top with narrow shoulder straps.",
            ),
            ["0108775015"],
        ),
        (
            "instacart",
            "products",
            "products.csv",
            table("product_id,product_name,aisle_id,department_id", "1,Chocolate Sandwich Cookies,61,19"),
            ["1"],
        ),
        (
            "shopify",
            "products",
            "products_export.csv",
            table("Handle,Title,Vendor,Type,Tags,Variant SKU,Variant Price", "tea,Tea,Leaf,Drinks,hot,TEA-1,2.50"),
            ["TEA-1"],
        ),
    ],
)
def test_other_kinds_have_recipes_too(
    tmp_path: Path, recipe: str, kind: str, name: str, content: str, ids: list[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    imported(importer(tmp_path / "ws"), tmp_path / name, kind=kind, recipe=recipe)
    assert sorted(current_rows(importer(tmp_path / "ws"), kind)["product_id"]) == ids
