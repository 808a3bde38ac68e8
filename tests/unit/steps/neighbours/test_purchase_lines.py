from __future__ import annotations

import math

import polars as pl
import pytest

from omnix_cli.kernels.incidence import WEIGHT_ONE
from omnix_cli.steps.neighbours.purchase_lines import encode, purchase_lines
from tests.unit.steps.neighbours.solving import AS_OF, pair, purchases, solve


def test_old_purchases_weigh_less_by_their_half_life():
    lines = purchases(
        ("ann", "milk", None, 10, 1, None),
        ("ann", "bread", None, 10, 1, None),
        ("bob", "milk", None, 40, 1, None),
        ("bob", "soap", None, 40, 1, None),
        ("cat", "salt", None, 40, 1, None),
        ("dan", "salt", None, 40, 1, None),
    )

    output = solve(lines, half_life_days=30.0)

    # milk: 1 with ann, a half (30 days older) with bob, in units of ann's weight
    assert pair(output, "milk", "bread")["cosine"] == pytest.approx(1 / math.sqrt(1.25), abs=1e-6)
    assert pair(output, "milk", "soap")["cosine"] == pytest.approx(0.5 / math.sqrt(1.25), abs=1e-6)


def test_baskets_count_orders_and_days_without_order_but_privacy_counts_customers():
    lines = purchases(
        *[("ann", product, order, 1, 1, None) for order in "123" for product in ("milk", "bread")],
        *[("bob", product, None, age, 1, None) for age in (1, 2) for product in ("milk", "soap")],
        ("bob", "bread", None, 3, 1, None),
        *[("cat", "salt", None, age, 1, None) for age in range(1, 7)],
    )

    open_output = solve(lines, basis="basket")
    assert pair(open_output, "milk", "bread")["support"] == 3
    assert pair(open_output, "milk", "bread")["customers"] == 1
    assert pair(open_output, "milk", "soap")["support"] == 2
    private = solve(lines, basis="basket", min_customers=2)
    assert private.frames["neighbours"].is_empty()
    assert private.figures["pairs_suppressed"] == 2


def test_lines_become_numbers_of_customers_and_products() -> None:
    table = purchases(("bob", "tea", None, 1, 1, None), ("ann", "milk", None, 1, 3, None))
    lines = purchase_lines(table.lazy(), as_of=AS_OF, baskets=False, half_life_days=None)
    assert lines.product_ids.to_list() == ["milk", "tea"]
    assert sorted(zip(lines.product.tolist(), lines.group.tolist(), strict=True)) == [(0, 0), (1, 1)]
    assert (lines.customers, lines.group_count, len(lines.owner)) == (2, 2, 0)
    assert (lines.weight / WEIGHT_ONE).tolist() == [1, 1]


def test_a_basket_is_an_order_or_a_day_without_orders() -> None:
    table = purchases(
        ("ann", "a", "1", 1, 1, None),
        ("ann", "b", "1", 2, 1, None),
        ("ann", "a", None, 1, 1, None),
        ("ann", "b", None, 1, 1, None),
        ("bob", "a", "1", 1, 1, None),
    )
    lines = purchase_lines(table.lazy(), as_of=AS_OF, baskets=True, half_life_days=None)
    assert (lines.group_count, lines.customers) == (4, 2)
    assert lines.group.tolist() == [2, 0, 1, 1, 3]
    assert lines.owner.tolist() == [0, 0, 0, 1]


def test_a_subscription_that_repeats_its_order_id_is_several_baskets() -> None:
    deliveries = [("ann", name, "sub-1", day, 1, None) for day, names in ((30, "ab"), (1, "ac")) for name in names]
    lines = purchase_lines(purchases(*deliveries).lazy(), as_of=AS_OF, baskets=True, half_life_days=None)
    assert lines.group_count == 2
    assert lines.group.tolist() == [0, 0, 1, 1]


def test_numbers_follow_the_order_of_the_strings() -> None:
    values, numbers = encode(pl.Series(["tea", "milk", "tea", "bread"]))
    assert values.to_list() == ["bread", "milk", "tea"]
    assert numbers.tolist() == [2, 1, 2, 0]


def test_no_rows_have_no_values() -> None:
    values, numbers = encode(pl.Series([], dtype=pl.String))
    assert (values.to_list(), numbers.tolist()) == ([], [])


@pytest.mark.parametrize("basis", ["customer", "basket"])
def test_units_and_lines_of_one_product_count_once(basis: str) -> None:
    others = [("ann", "tea", "1", 1, 1, None), ("bob", "tea", "2", 1, 2, None), ("cat", "milk", "3", 1, 1, None)]
    others += [(name, "salt", name, 1, 1, None) for name in "abcdefghi"]
    one = purchases(("ann", "milk", "1", 1, 1, 2.0), *others)
    many = purchases(*[("ann", "milk", "1", 1, 7, 2.0)] * 12, *others)
    first, second = (pair(solve(lines, basis=basis, neighbours=9), "milk", "tea") for lines in (one, many))
    assert first == second
    assert first["cosine"] == pytest.approx(1 / 2, abs=1e-6)
