from __future__ import annotations

import math

import pytest

from tests.unit.steps.neighbours.solving import pair, purchases, solve


def test_old_purchases_weigh_less_by_their_half_life():
    lines = purchases(
        ("ann", "milk", None, 10, 1, None),
        ("ann", "bread", None, 10, 1, None),
        ("bob", "milk", None, 40, 1, None),
        ("bob", "soap", None, 40, 1, None),
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
    )

    open_output = solve(lines, basis="basket")
    assert pair(open_output, "milk", "bread")["support"] == 3
    assert pair(open_output, "milk", "bread")["customers"] == 1
    assert pair(open_output, "milk", "soap")["support"] == 2
    private = solve(lines, basis="basket", min_customers=2)
    assert private.frames["neighbours"].is_empty()
    assert private.figures["pairs_suppressed"] == 2
