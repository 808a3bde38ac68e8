from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.errors import ConfigError, DataError, Interrupted, LockedError
from omnix_cli.protocols.steps import PlanStep, Resources, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.services.runs.past_runs import compare, prune, warn_of_future
from omnix_cli.services.runs.planning import closure
from omnix_cli.services.runs.run_journal import Journal
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import Settings, SimilaritySettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.records import RunFolder
from tests.conftest import NOW, MemoryFrame, purchases

HISTORY = purchases(
    ("ann", "milk", "2018-01-01"),
    ("ann", "milk", "2018-01-08"),
    ("bob", "milk", "2018-01-02"),
    ("bob", "tea", "2018-01-09"),
)


class Clock:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        self.now += timedelta(seconds=1)
        return self.now


def neighbours(cycles: pl.LazyFrame, *, parameters: SimilaritySettings) -> StepOutput:
    """A step that rests on another one and on settings: it writes no rows, only a figure."""
    count = cycles.select(pl.len()).collect().item()
    return StepOutput({"neighbours": FRAMES["neighbours"].empty()}, {"pairs": count * parameters.neighbours})


CLOCK = Clock()

PLAN = (
    PlanStep("cycles", cycles, ("purchases",), ("cycles",), version="1", by_customer=("purchases",)),
    PlanStep(
        "similarity",
        neighbours,
        ("cycles",),
        ("neighbours",),
        version="1",
        settings=lambda settings: {"parameters": settings.similarity},
        dated=False,
    ),
)


def make_runner(folder: Path, history: pl.DataFrame = HISTORY, key: str = "p1", **changes: Any) -> Runner:
    runner = Runner(
        plan=PLAN,
        engine=PolarsEngine(slice_rows=1_000),
        checkpoints=ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=CLOCK),
        records=RunFolder(DiskFolder(folder / "runs")),
        sources={"purchases": MemoryFrame("purchases", history, key)},
        settings=Settings(),
        resources=Resources(threads=1, memory_bytes=1 << 30),
        now=CLOCK,
    )
    return replace(runner, **changes)


def statuses(runner: Runner, **options: Any) -> Mapping[str, tuple[str, str]]:
    return {step.name: (step.status, step.reason) for step in runner.preview(["similarity"], **options)}


def test_a_run_computes_then_reuses(workspace: Path) -> None:
    first = make_runner(workspace).execute(["similarity"], command="run")
    assert [(step.name, step.status, step.rows_out) for step in first.steps] == [
        ("cycles", "ran", 3),
        ("similarity", "ran", 0),
    ]
    assert (first.as_of, first.status, first.exit_code) == (date(2018, 1, 10), "done", 0)
    assert first.step("similarity").figures == {"pairs": 150}
    second = make_runner(workspace).execute(["similarity"], command="run")
    assert [step.status for step in second.steps] == ["reused", "reused"]
    assert [step.key for step in second.steps] == [step.key for step in first.steps]


def test_why_a_step_runs_is_told(workspace: Path) -> None:
    runner = make_runner(workspace)
    assert statuses(runner) == {"cycles": ("pending", "first time"), "similarity": ("pending", "first time")}
    runner.execute(["similarity"], command="run")
    assert statuses(runner)["cycles"] == ("reused", "nothing changed")
    changed = replace(runner, settings=Settings(similarity=SimilaritySettings(neighbours=20)))
    assert statuses(changed) == {
        "cycles": ("reused", "nothing changed"),
        "similarity": ("pending", "neighbours 50 -> 20"),
    }
    earlier = replace(runner, settings=Settings(as_of="2018-01-05"))
    assert statuses(earlier)["cycles"] == ("pending", "as_of 2018-01-10 -> 2018-01-05")
    assert statuses(earlier)["similarity"] == ("pending", "changed input: cycles")
    newer = make_runner(workspace, key="p2")
    assert statuses(newer)["cycles"] == ("pending", "changed input: purchases")
    assert statuses(runner, force=["similarity"])["similarity"] == ("pending", "forced")
    rewritten = replace(runner, plan=(replace(PLAN[0], version="2"), PLAN[1]))
    assert statuses(rewritten)["cycles"] == ("pending", "the step changed (version 1 -> 2)")


def test_a_lost_checkpoint_is_built_again_and_later_steps_are_reused(workspace: Path) -> None:
    runner = make_runner(workspace)
    record = runner.execute(["similarity"], command="run")
    runner.checkpoints.remove(record.steps[0].key)
    assert statuses(runner)["cycles"] == ("pending", "its checkpoint is missing or damaged")
    again = runner.execute(["similarity"], command="run")
    assert [step.status for step in again.steps] == ["ran", "reused"]


def test_a_failure_is_recorded_and_the_next_run_goes_on(workspace: Path) -> None:
    def broken(cycles: pl.LazyFrame, *, parameters: SimilaritySettings) -> StepOutput:
        raise DataError("no good")

    runner = make_runner(workspace, plan=(PLAN[0], replace(PLAN[1], function=broken)))
    with pytest.raises(DataError, match="no good"):
        runner.execute(["similarity"], command="run")
    failed = runner.records.load("latest")
    assert (failed.status, failed.exit_code, [step.name for step in failed.steps]) == ("failed", 3, ["cycles"])
    resumed = make_runner(workspace).execute(["similarity"], command="run")
    assert [step.status for step in resumed.steps] == ["reused", "ran"]


def test_a_signal_anywhere_around_the_steps_is_an_interruption(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polars raises for Ctrl-C first; that of the handler may then come outside of all that handles the first."""

    def stopped(runner: Runner, journal: Journal, work: object) -> None:
        journal.save()
        raise Interrupted("stopped by SIGINT")

    monkeypatch.setattr(Runner, "_do", stopped)
    runner = make_runner(workspace)
    with pytest.raises(Interrupted):
        runner.execute(["similarity"], command="run")
    record = runner.records.load("latest")
    assert (record.status, record.exit_code) == ("interrupted", 130)


def test_the_day_a_run_stands_on(workspace: Path) -> None:
    runner = make_runner(workspace)
    assert runner.as_of() == date(2018, 1, 10)
    assert replace(runner, settings=Settings(as_of="today")).as_of() == date(2018, 1, 15)
    assert replace(runner, settings=Settings(as_of="2017-12-24")).as_of() == date(2017, 12, 24)
    with pytest.raises(ConfigError, match="as-of 'yesterday'"):
        replace(runner, settings=Settings(as_of="yesterday")).as_of()


def test_without_purchases_there_is_nothing_to_run(workspace: Path) -> None:
    with pytest.raises(DataError, match="no purchases yet"):
        make_runner(workspace, purchases()).execute(["similarity"], command="run")


def test_targets_bring_what_they_rest_on() -> None:
    assert [step.name for step in closure(PLAN, ["similarity"])] == ["cycles", "similarity"]
    assert [step.name for step in closure(PLAN, ["cycles"])] == ["cycles"]


def test_slices_of_customers_make_the_same_files(tmp_path: Path) -> None:
    files = []
    for slice_rows in (1, 2, 1_000):
        folder = tmp_path / str(slice_rows)
        runner = make_runner(folder, engine=PolarsEngine(slice_rows=slice_rows))
        record = runner.execute(["cycles"], command="run")
        files.append((folder / "checkpoints" / record.steps[0].key / "cycles-00000.parquet").read_bytes())
    assert files[0] == files[1] == files[2]


def test_runs_are_compared_and_pruned(workspace: Path) -> None:
    first = make_runner(workspace).execute(["similarity"], command="run")
    changed = Settings(similarity=SimilaritySettings(neighbours=20))
    runner = make_runner(workspace, settings=changed)
    second = runner.execute(["similarity"], command="run")
    found = {
        difference.what: (difference.before, difference.after) for difference in compare(first, second).differences
    }
    assert found["settings similarity neighbours"] == (50, 20)
    assert found["similarity pairs"] == (150, 60)
    assert "cycles key" not in found
    dry = prune(runner.records, runner.checkpoints, keep=1, needed=[], dry_run=True)
    assert (dry.runs, dry.checkpoints) == ((first.run_id,), (first.steps[1].key,))
    assert len(list(runner.records.newest_first())) == 2
    prune(runner.records, runner.checkpoints, keep=1, needed=[], dry_run=False)
    assert [record.run_id for record in runner.records.newest_first()] == [second.run_id]
    assert {manifest.key for manifest in runner.checkpoints.manifests()} == {step.key for step in second.steps}


def test_runs_of_a_clock_that_was_ahead_do_not_cost_others_their_place(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    right = make_runner(workspace)
    now = right.now() + timedelta(hours=1)
    ahead = replace(right, now=lambda: now + timedelta(days=3650))
    first = right.execute(["similarity"], command="run")
    future = ahead.execute(["similarity"], command="run")
    warn_of_future(right.records, now)
    assert f"the newest run, {future.run_id}, began at" in caplog.text
    left = prune(right.records, right.checkpoints, keep=1, needed=[], dry_run=True, now=now)
    assert (left.runs, left.kept_runs) == ((), 2)
    newest = right.execute(["similarity"], command="run")
    caplog.clear()
    warn_of_future(right.records, now)
    assert caplog.text == ""
    assert right.records.load("latest").run_id == newest.run_id
    prune(right.records, right.checkpoints, keep=1, needed=[], dry_run=False, now=now)
    assert [run.run_id for run in right.records.newest_first()] == [newest.run_id]
    assert first.run_id < newest.run_id < future.run_id


def test_a_run_stops_between_steps(workspace: Path) -> None:
    calls: list[int] = []

    def may_go_on() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise LockedError("another run took the lock")

    runner = replace(make_runner(workspace), may_go_on=may_go_on)
    with pytest.raises(LockedError):
        runner.execute(["similarity"], command="run")
    record = runner.records.load("latest")
    assert (record.status, record.exit_code, len(record.steps)) == ("failed", 75, 1)


def test_an_error_that_a_signal_caused_is_recorded_as_the_signal(workspace: Path) -> None:
    class Broken:
        """An engine in which a library makes another error of an interruption."""

        def run(self, *_: Any) -> None:
            came.append(1)
            raise ConnectionError("connection lost")

    def may_go_on() -> None:
        if came:
            raise Interrupted("stopped by SIGTERM")

    came: list[int] = []
    runner = replace(make_runner(workspace), engine=Broken(), may_go_on=may_go_on)  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        runner.execute(["similarity"], command="run")
    record = runner.records.load("latest")
    assert (record.status, record.exit_code) == ("interrupted", 130)


def test_what_others_need_survives_pruning(workspace: Path) -> None:
    runner = make_runner(workspace)
    record = runner.execute(["similarity"], command="run")
    runner.records.remove(record.run_id)
    report = prune(runner.records, runner.checkpoints, keep=1, needed=[record.steps[0].key], dry_run=False)
    assert report.checkpoints == (record.steps[1].key,)
