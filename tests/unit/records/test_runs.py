from __future__ import annotations

from datetime import UTC, datetime, timedelta

from omnix_cli.records import RunRecord, StepRecord, run_id_at

STARTED = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


def test_run_ids_sort_by_time() -> None:
    ids = [run_id_at(STARTED + timedelta(microseconds=number)) for number in (0, 9, 10, 1_000_000)]
    assert ids == sorted(set(ids))


def test_a_run_finds_its_steps_by_name() -> None:
    step = StepRecord(name="predict", key="k", status="ran", reason="first run")
    run = RunRecord(
        run_id="r",
        command="run",
        status="done",
        as_of=STARTED.date(),
        started_at=STARTED,
        settings={},
        sources={},
        steps=(step,),
    )
    assert run.step("predict") == step
    assert run.step("publish") is None
