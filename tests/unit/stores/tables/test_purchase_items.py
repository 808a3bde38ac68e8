"""Purchases as items of `purchase-history`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from omnix_cli.errors import DataError
from omnix_cli.item_frames import items_of
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE, purchase_items
from omnix_cli.stores.tables.specs import TABLES
from tests.conftest import purchases


def test_an_item_has_the_attributes_that_the_indexes_use() -> None:
    (item,) = items_of(purchase_items(purchases(("ann", "milk", "2017-05-01", 2))))
    spec = TABLES[PURCHASE_TABLE]
    spec.check(item)
    assert spec.write_units(None, item) == 3
    assert item["purchaseDate"] == "2017-05-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("quantities", "stored"),
    [
        ((2.0, 3.0), [2, 3]),
        ((1.1, 2.0), [Decimal("1.1"), Decimal(2)]),
        ((1.25, 1.5), [Decimal("1.25"), Decimal("1.5")]),
    ],
)
def test_quantities_are_exact(quantities: tuple[float, float], stored: list[object]) -> None:
    lines = purchases(*(("ann", "milk", "2017-05-01", quantity) for quantity in quantities))
    assert purchase_items(lines)["quantity"].to_list() == stored


def test_a_quantity_that_cannot_be_exact_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be stored exactly"):
        purchase_items(purchases(("ann", "milk", "2017-05-01", 1e300)))
