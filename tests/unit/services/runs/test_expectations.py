from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.records import RunRecord, StepRecord
from omnix_cli.services.runs.expectations import BASE_BYTES, Expectations
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.records import RunFolder
from tests.conftest import NOW

TAKEN = StepRecord(
    name="cycles",
    key="k",
    status="ran",
    reason="first time",
    rows_in=1_000,
    rows_out=400,
    seconds=3.0,
    peak_memory_bytes=BASE_BYTES + 1_000_000,
)


def records(folder: Path, *steps: StepRecord, purchases: int = 1_000) -> RunFolder:
    kept = RunFolder(DiskFolder(folder))
    kept.save(
        RunRecord(
            run_id="1",
            command="run",
            status="done",
            as_of=NOW.date(),
            started_at=NOW,
            settings={},
            sources={},
            source_rows={"purchases": purchases},
            steps=steps,
        )
    )
    return kept


def test_a_step_takes_what_it_took_in_proportion_to_the_purchases(tmp_path: Path) -> None:
    expected = Expectations(records(tmp_path, TAKEN), 2_000).of("cycles")
    assert (expected.seconds, expected.rows_in, expected.rows_out) == (6.0, 2_000, 800)
    assert expected.peak_bytes == BASE_BYTES + 2_000_000


def test_what_was_reused_says_nothing_about_time(tmp_path: Path) -> None:
    reused = TAKEN.model_copy(update={"status": "reused", "seconds": 0.0})
    assert Expectations(records(tmp_path, reused), 1_000_000).of("cycles").seconds > 0.5
    assert Expectations(records(tmp_path, reused), 1_000_000).last("cycles") is None


def test_a_step_that_never_ran_takes_more_where_there_is_more(tmp_path: Path) -> None:
    few, many = (Expectations(RunFolder(DiskFolder(tmp_path)), rows).of("rhythms") for rows in (10_000, 10_000_000))
    assert few.seconds < 1 < many.seconds
    assert BASE_BYTES < few.peak_bytes < many.peak_bytes


def test_what_a_step_cannot_keep_is_refused_with_what_it_needs(tmp_path: Path) -> None:
    expected = Expectations(RunFolder(DiskFolder(tmp_path)), 10_000_000)
    expected.check([], 1)
    with pytest.raises(ConfigError, match="popularity needs") as caught:
        expected.check(["segments", "popularity"], 1_000_000_000)
    least = int((caught.value.hint or "").split()[-1].removesuffix("MB."))
    expected.check(["segments", "popularity"], least * 1_000_000)
    with pytest.raises(ConfigError):
        expected.check(["popularity"], (least - 1) * 1_000_000)


def test_more_products_and_neighbours_need_more(tmp_path: Path) -> None:
    kept = RunFolder(DiskFolder(tmp_path))
    peaks = [
        Expectations(kept, 1_000, products, neighbours).of("shop_lists").peak_bytes
        for products, neighbours in ((10, 50), (10_000, 50), (10_000, 200))
    ]
    assert peaks == sorted(set(peaks))
