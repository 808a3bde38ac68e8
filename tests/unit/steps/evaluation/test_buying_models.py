"""BG/NBD beside the textbook: CDNOW, 2,357 customers, 39 weeks (Fader, Hardie & Lee 2005, table 2).

tests/fixtures/cdnow.csv.gz is `cdnow_customers_summary.csv` of the package lifetimes 0.11.3 (MIT).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.evaluation.buying_models import BgNbd, fit_bg_nbd, log_likelihood
from omnix_cli.steps.evaluation.gap_baselines import decayed_count, gap_rules, purchase_days
from tests.unit.steps.evaluation.test_splits import Line, baskets

CDNOW = Path(__file__).parents[3] / "fixtures" / "cdnow.csv.gz"
MODEL = BgNbd(0.243, 4.414, 0.793, 2.426)


def test_the_fit_is_that_of_the_textbook() -> None:
    rows = pl.read_csv(CDNOW)
    repeats, recency, age = (rows[name].cast(pl.Float64).to_numpy() for name in ("frequency", "recency", "T"))
    model = fit_bg_nbd(repeats, recency, age)
    assert tuple(model) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.001)
    assert log_likelihood(model, repeats, recency, age, np.ones(len(age))) == pytest.approx(-9582.4, abs=0.05)


def test_the_unit_of_time_changes_nothing() -> None:
    rows = pl.read_csv(CDNOW).head(400)
    repeats, recency, age = (rows[name].cast(pl.Float64).to_numpy() for name in ("frequency", "recency", "T"))
    weeks, days = fit_bg_nbd(repeats, recency, age), fit_bg_nbd(repeats, recency * 7, age * 7)
    of_weeks, of_days = weeks.within(4, repeats, recency, age), days.within(28, repeats, recency * 7, age * 7)
    assert of_days.tolist() == pytest.approx(of_weeks.tolist(), abs=2e-3)


def test_chances_are_those_of_a_simulation() -> None:
    """Buyers with rates and chances to stop drawn from the model, of whom the same history is kept."""
    random = np.random.default_rng(3)
    count, age, ahead = 400_000, 20.0, 10.0
    rate, stop = random.gamma(MODEL.r, 1 / MODEL.alpha, count), random.beta(MODEL.a, MODEL.b, count)
    time, last, repeats = np.zeros(count), np.zeros(count), np.zeros(count)
    alive, bought = np.ones(count, bool), np.zeros(count, bool)
    while (going := alive & (time < age + ahead)).any():
        time = np.where(going, time + random.exponential(1, count) / rate, time)
        seen, later = going & (time < age), going & (time >= age) & (time < age + ahead)
        repeats[seen] += 1
        last[seen] = time[seen]
        bought |= later
        alive &= ~(seen | later) | (random.random(count) > stop)
    one = np.array([1.0]), np.array([10.0]), np.array([age])
    near = (repeats == 1) & (np.abs(last - 10) < 1.5)
    assert MODEL.within(ahead, *one)[0] == pytest.approx(bought[near].mean(), abs=0.02)
    none = np.array([0.0]), np.array([0.0]), np.array([age])
    assert MODEL.within(ahead, *none)[0] == pytest.approx(bought[repeats == 0].mean(), abs=0.005)
    assert MODEL.alive(*none)[0] == 1


def test_rules_for_the_next_gap_by_hand() -> None:
    lines: list[Line] = [("ann", "milk", 0), ("ann", "milk", 4), ("ann", "milk", 12), ("bob", "tea", 3)]
    pairs = purchase_days(baskets(lines))
    found = gap_rules(pairs, 6.0, MODEL)
    overall = (np.log(4) + np.log(8)) / 2
    assert found["constant gap"].tolist() == [6, 6]
    assert found["own mean gap"].tolist() == [6, 6]
    shrunk = np.exp((np.log(32) + 3 * overall) / 5)
    assert found["own log-mean gap, shrunk"].tolist() == pytest.approx([shrunk, np.exp(overall)])
    assert found["BG/NBD"][0] == pytest.approx((4.414 + 12) * (2 ** (1 / 2.243) - 1))
    assert decayed_count(pairs, date(1970, 1, 13)).tolist() == pytest.approx([3.0, np.exp(-9 / 60)])
