"""Intervals hold what they say, and a difference is called one only when it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.evaluation.bootstrap import of_case_means, of_intervals, of_means, of_statistics
from omnix_cli.steps.evaluation.forecast_metrics import mean_of


def test_the_interval_of_a_mean_holds_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        interval = of_means({"mean": random.exponential(2.0, 60)}, resamples=200).interval("mean")
        held += interval.low <= 2.0 <= interval.high
    assert 0.88 <= held / 200 <= 0.98


def test_equal_methods_do_not_differ_and_better_ones_do() -> None:
    random = np.random.default_rng(1)
    base = random.random(400)
    noise = random.normal(0, 0.1, 400)
    figures = of_means({"base": base, "same": base + noise, "more": base + noise + 0.03, "copy": base})
    assert figures.compared("copy", "base").verdict == "no difference"
    assert figures.compared("same", "base").verdict == "no difference"
    assert figures.compared("more", "base").verdict == "better"
    assert figures.compared("more", "base", less_is_better=True).verdict == "worse"
    assert figures.compared("base", "more").verdict == "worse"
    assert figures.compared("more", "base").difference.value == pytest.approx(float((noise + 0.03).mean()))


def test_paired_differences_are_narrower_than_the_intervals_of_the_two() -> None:
    base = np.random.default_rng(2).random(300) * 10
    figures = of_means({"base": base, "more": base + 0.1})
    assert figures.compared("more", "base").verdict == "better"
    assert figures.interval("more").low < figures.interval("base").high


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=30))
def test_cases_of_a_customer_are_drawn_together(cases: list[tuple[int, int]]) -> None:
    customer, value = (np.array(column, dtype=float) for column in zip(*cases, strict=True))
    one = of_statistics({"mean": mean_of(value)}, customer.astype(int), resamples=30)
    other = of_case_means({"mean": value}, customer.astype(int), resamples=30)
    assert one.drawn.ravel().tolist() == pytest.approx(other.drawn.ravel().tolist())
    assert one.interval("mean").value == pytest.approx(value.mean())


def test_the_same_values_give_the_same_interval_and_nothing_gives_none() -> None:
    values = {"mean": np.arange(50.0)}
    assert of_means(values).interval("mean") == of_means(values).interval("mean")
    assert np.isnan(of_means({"mean": np.zeros(0)}).interval("mean").low)
    assert "1,000 resamples of customers" in of_intervals()
