"""Four weeks of nights in a small shop: what a reader gets beside what each night computed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.benchmarks.bench_nights import nights
from tests.integration.small_shops import LAST, catalogue, grocer, shop

NIGHTS, SHARE, DAYS = 28, 0.1, 3.0
SETTINGS = {"publish.max_drift": SHARE, "publish.max_drift_days": DAYS}


def test_a_reader_is_never_further_off_than_the_tolerance_over_four_weeks(tmp_path: Path) -> None:
    """A day of purchases a night; items, order, labels and reasons are always those of the night."""
    shop(tmp_path, grocer(customers=6), products=catalogue())
    found = list(nights(tmp_path / "workspace", LAST - timedelta(days=NIGHTS), NIGHTS, settings=SETTINGS))
    assert {night.distance.differ for night in found} == {0}
    assert 0.02 < max(night.distance.share for night in found) <= SHARE
    assert 0 < max(night.distance.days for night in found) <= DAYS
    drifted = [night.figures.get("drifted", 0) for night in found]
    assert sum(drifted) > NIGHTS
    assert any(night.written < night.lists - some for night, some in zip(found, drifted, strict=True))
