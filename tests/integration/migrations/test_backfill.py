"""Imported purchases written to their table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson

from omnix_cli.cli import main
from tests.integration.migrations.conftest import Omnix, Side


def test_imported_purchases_are_written_with_their_dates(omnix: Omnix, target: Side, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "purchase_id,customer_id,product_id,purchased_at,quantity,total_price,kind\n"
        "1,ann,milk,2017-05-01T10:00:00Z,2,2.50,purchase\n"
        "2,ann,tea,2017-05-02T10:00:00Z,1,3.9,purchase\n"
        "3,bob,tea,2017-05-03T10:00:00Z,1,3.90,cancelled\n"
    )
    assert main(["import", "purchases", "sales.csv", "--quiet"]) == 0
    row = orjson.loads(omnix("backfill", *target.to(), "--create", "--format", "json").splitlines()[-1])[0]
    assert (row["added"], row["unchanged"]) == (2, 0)
    assert target.items()["1"] == {
        "id": "1",
        "customerId": "ann",
        "productId": "milk",
        "purchaseDate": "2017-05-01T10:00:00.000Z",
        "quantity": 2,
        "unitPrice": Decimal("1.25"),
        "totalPrice": Decimal("2.50"),
        "promotionUsed": False,
    }
    assert target.items().keys() == {"1", "2"}
    row = orjson.loads(omnix("backfill", *target.to(), "--dry-run", "--format", "json"))[0]
    assert (row["added"], row["changed"], row["unchanged"]) == (0, 0, 2)
