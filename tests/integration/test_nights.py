"""Four weeks of nights in a small shop: what a reader gets beside what each night computed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from omnix_cli.settings import PublishSettings
from tests.benchmarks.bench_nights import nights
from tests.integration.small_shops import LAST, catalogue, grocer, shop

NIGHTS = 28
TOLERANCE = PublishSettings()


def test_a_reader_is_never_further_off_than_the_tolerance_over_four_weeks(tmp_path: Path) -> None:
    """A day of purchases a night; facts, order and labels are always those of the night."""
    shop(tmp_path, grocer(customers=8), products=catalogue())
    first = LAST - timedelta(days=NIGHTS)
    found = list(nights(tmp_path / "workspace", first, NIGHTS))
    assert {night.distance.differ for night in found} == {0}
    assert max(night.distance.share for night in found) <= TOLERANCE.max_drift
    assert max(night.distance.days for night in found) <= TOLERANCE.max_drift_days
    drifted = [night.figures.get("drifted", 0) for night in found]
    assert min(drifted[1:]) >= 0
    assert sum(drifted) > NIGHTS
    assert any(night.distance.share > 0 for night in found)
