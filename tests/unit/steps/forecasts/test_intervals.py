from __future__ import annotations

from datetime import date, timedelta
from math import exp, log

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.evidence import evidence
from omnix_cli.steps.forecasts.intervals import (
    PLAIN,
    RIDGE,
    fit_interval,
    least_absolute_deviations,
    log_interval,
    past_gaps,
)
from omnix_cli.steps.forecasts.shared_rhythms import shared_rhythms
from tests.conftest import purchases

AS_OF = date(2024, 7, 1)
NO_PRODUCTS = pl.LazyFrame(schema={"product_id": pl.String, "category": pl.String})


def told(lines: pl.DataFrame) -> pl.LazyFrame:
    return evidence(*known(lines), NO_PRODUCTS, as_of=AS_OF, personal_purchases=3)


def known(lines: pl.DataFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    pairs = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].lazy()
    return pairs, shared_rhythms(pairs, NO_PRODUCTS, as_of=AS_OF).lazy()


def test_a_gap_is_told_only_by_the_gaps_before_it() -> None:
    lines = purchases(*(("ann", "oat", day) for day in ("2024-01-01", "2024-01-05", "2024-01-15", "2024-02-14")))
    frame = past_gaps(told(lines), personal_purchases=3)
    gaps = [log(4), log(10), log(30)]
    everything = (sum(gaps) + log(30)) / (3 + 1)
    product = [(sum(gaps) + 10 * everything - gap) / (3 + 10 - 1) for gap in gaps]
    customer = [(sum(gaps) + 10 * everything - gap) / (3 + 10 - 1) for gap in gaps]
    assert frame["log_gap"].to_list() == pytest.approx(gaps)
    assert frame["product_log_gap"].to_list() == pytest.approx(product, abs=1e-5)
    assert frame["customer_log_gap"].to_list() == pytest.approx(customer, abs=1e-5)
    assert frame["own_gaps"].to_list() == [0, 0, 2]
    last = (gaps[0] + gaps[1] + 3 * product[2]) / (2 + 3)
    assert frame["own_log_gap"].to_list() == pytest.approx([product[0], product[1], last], abs=1e-5)


def test_the_fit_is_a_median_not_a_mean() -> None:
    design = np.ones((1001, 1))
    target = np.array([1.0] * 600 + [50.0] * 401)
    assert least_absolute_deviations(design, target, np.array([0.0])) == pytest.approx([1.0], abs=0.05)


def test_the_ridge_holds_what_the_data_do_not_say() -> None:
    prior = np.array([2.0, 3.0])
    assert least_absolute_deviations(np.zeros((0, 2)), np.zeros(0), prior) == pytest.approx(prior)
    one_row = least_absolute_deviations(np.array([[1.0, 0.0]]), np.array([5.0]), prior)
    assert one_row == pytest.approx([2.0 + 1 / RIDGE, 3.0], abs=0.01)


def test_a_population_with_one_rhythm_gets_that_interval() -> None:
    rhythms = {"quick": 5, "slow": 20}
    lines = purchases(
        *(
            (f"c{customer}", product, str(date(2024, 1, 1) + timedelta(days=customer % 3 + days * number)))
            for customer in range(20)
            for product, days in rhythms.items()
            for number in range(180 // days - 1)
        )
    )
    pairs = told(lines)
    coefficients = fit_interval(*known(lines), NO_PRODUCTS, as_of=AS_OF, personal_purchases=3)
    found = pairs.select("product_id", days=log_interval(coefficients).exp()).unique().collect()
    for product, days in found.iter_rows():
        assert days == pytest.approx(rhythms[product], rel=0.05)


def test_without_gaps_the_plain_rhythm_remains() -> None:
    lines = purchases(("ann", "oat", "2024-06-01"))
    pairs = told(lines)
    coefficients = fit_interval(*known(lines), NO_PRODUCTS, as_of=AS_OF, personal_purchases=3)
    assert coefficients == PLAIN
    assert exp(pairs.select(log_interval(coefficients)).collect().item()) == pytest.approx(30)
