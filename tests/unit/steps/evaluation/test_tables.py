"""The rows of an evaluation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from omnix_cli.frames.quality import VERDICTS
from omnix_cli.steps.evaluation.bootstrap import of_means
from omnix_cli.steps.evaluation.tables import Rows, compared, wilson


def made(shift: float = 0.0) -> pl.DataFrame:
    random = np.random.default_rng(0)
    low = random.random(300)
    rows = Rows()
    figures = of_means({"low": low, "high": low + 0.2, "omnix": low + 0.3 + shift})
    methods = ["low", "high", "omnix"]
    rows.add("all", "recall@10", figures, methods, baselines=methods[:2], rule="hits", customers=300, cases=900)
    return rows.frames()["evaluations"]


def test_omnix_is_compared_with_the_best_baseline() -> None:
    ours = made().filter(method="omnix").row(0, named=True)
    assert (ours["against"], ours["verdict"], ours["is_baseline"]) == ("high", "better", False)
    assert ours["difference"] == pytest.approx(0.1)
    assert ours["difference_low"] <= ours["difference"] <= ours["difference_high"]
    assert made().filter(method="low")["verdict"].item() is None
    assert set(made()["verdict"].drop_nulls()) <= set(VERDICTS)


def test_a_figure_without_a_value_is_null() -> None:
    rows = Rows()
    rows.plain("all", "auc", "omnix", float("nan"), rule="", customers=0, cases=0)
    assert rows.frames()["evaluations"]["value"].item() is None
    assert rows.frames()["reliability"].is_empty()


def test_bands_say_what_happened() -> None:
    rows = Rows()
    rows.add_bands("all", "probability_7d", "omnix", np.array([0.11, 0.19, 0.95]), np.array([True, False, True]))
    bands = rows.frames()["reliability"].select("from_probability", "cases", "predicted", "happened").rows()
    assert bands == [(0.1, 2, 0.15, 0.5), (0.9, 1, 0.95, 1.0)]


def test_two_evaluations_side_by_side() -> None:
    found = compared(made(), made(0.4))
    assert found.filter(method="omnix").select("change", "verdict").row(0) == (pytest.approx(0.4), "different")
    assert found.filter(method="low").select("change", "verdict").row(0) == (0.0, "no difference")
    alone = compared(made().filter(method="low"), made())
    assert alone.filter(method="omnix")["change"].item() is None


def test_the_interval_of_a_share() -> None:
    low, high = wilson(0.5, 100)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-3)
    assert np.isnan(wilson(0.0, 0)[0])
