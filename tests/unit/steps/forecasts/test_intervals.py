from __future__ import annotations

from datetime import date, timedelta
from math import exp, log

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import minimize

from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.evidence import evidence, shared_rhythms
from omnix_cli.steps.forecasts.intervals import (
    PLAIN,
    RIDGE,
    fit_interval,
    log_interval,
    modal_regression,
    past_gaps,
    sampled_gaps,
)
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
    variance = ((log(10) - log(4)) / 2) ** 2
    assert frame["own_spread"].to_list() == pytest.approx([1, 1, (2 * variance + 3) / 5], abs=1e-5)


def test_the_fit_finds_where_most_gaps_are() -> None:
    days = np.array([7.0] * 500 + [8.0] * 100 + [35.0] * 250 + [90.0] * 150)
    fitted = modal_regression(np.ones((1000, 1)), days, np.array([3.0]))
    assert np.exp(fitted) == pytest.approx([7.0], abs=0.5)


def test_the_fit_minimises_the_cauchy_loss() -> None:
    level, slope = np.ones(300), np.linspace(0.0, 1.0, 300)
    days = np.exp(1.5 + slope) * (1 + 0.8 * np.sin(np.arange(300.0)))
    design, prior = np.column_stack([level, slope]), np.array([2.0, 0.0])
    found = modal_regression(design, days, prior, scale=2.0)
    missed = 2.0 * np.median(np.abs(days - np.exp(design @ found)))

    def loss(coefficients: npt.NDArray[np.float64]) -> float:
        error = days - np.exp(design @ coefficients)
        return float(np.log1p((error / missed) ** 2).sum() + RIDGE * ((coefficients - prior) ** 2).sum())

    assert found == pytest.approx(minimize(loss, found + 0.2).x, abs=1e-3)


def test_the_ridge_holds_what_the_data_do_not_say() -> None:
    prior = np.array([2.0, 3.0])
    assert modal_regression(np.zeros((0, 2)), np.zeros(0), prior) == pytest.approx(prior)
    one_row = modal_regression(np.array([[1.0, 0.0]]), np.array([20.0]), prior)
    assert 2.0 < one_row[0] < log(20.0)
    assert one_row[1] == pytest.approx(3.0)


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
    coefficients = fit_interval(sampled_gaps(*known(lines), NO_PRODUCTS, as_of=AS_OF, personal_purchases=3))
    found = pairs.select("product_id", days=log_interval(coefficients).exp()).unique().collect()
    for product, days in found.iter_rows():
        assert days == pytest.approx(rhythms[product], rel=0.05)


def test_without_gaps_the_plain_rhythm_remains() -> None:
    lines = purchases(("ann", "oat", "2024-06-01"))
    pairs = told(lines)
    coefficients = fit_interval(sampled_gaps(*known(lines), NO_PRODUCTS, as_of=AS_OF, personal_purchases=3))
    assert coefficients == PLAIN
    assert exp(pairs.select(log_interval(coefficients)).collect().item()) == pytest.approx(30)
