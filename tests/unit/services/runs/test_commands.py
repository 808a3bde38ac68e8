from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import DataError, PartialError
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.records import StepRecord
from omnix_cli.services.importing.reports import FileReport, ImportReport
from omnix_cli.services.runs.commands import RUN, Command, RunReport, bring_up_to_date, import_source
from omnix_cli.settings import SourceSettings
from omnix_cli.steps.cycles import cycles
from tests.unit.services.runs.test_runner import PLAN, make_runner

SIMILARITY = Command("similarity", ("similarity",))
ALL = Command("run", ("similarity",), imports=True, publishes=True, forces_all=True)
IMPORTED = StepRecord(name="import purchases", key="", status="ran", reason="new rows")


def test_the_steps_of_the_commands_are_steps_of_the_plan() -> None:
    assert set(RUN.steps) == {"similarity", "predict", "recommend", "shop_lists", "segments"}


def test_force_computes_the_steps_of_the_command_or_all(workspace: Path) -> None:
    def statuses(command: Command) -> list[str]:
        report = bring_up_to_date(command, lambda: make_runner(workspace), force=True)
        return [step.status for step in report.steps]

    assert statuses(SIMILARITY) == ["ran", "ran"]
    assert statuses(SIMILARITY) == ["reused", "ran"]
    assert statuses(ALL) == ["ran", "ran"]


def test_imports_come_before_the_runner_is_opened(workspace: Path) -> None:
    calls: list[str] = []

    def import_sources() -> tuple[StepRecord, ...]:
        calls.append("import")
        return (IMPORTED,)

    def open_runner() -> Any:
        calls.append("open")
        return make_runner(workspace)

    report = bring_up_to_date(ALL, open_runner, import_sources=import_sources)
    assert calls == ["import", "open"]
    assert [step.name for step in report.steps] == ["import purchases", "cycles", "similarity"]
    bring_up_to_date(SIMILARITY, open_runner, import_sources=import_sources)
    assert calls == ["import", "open", "open"]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(workspace: Path) -> None:
    report = bring_up_to_date(SIMILARITY, lambda: make_runner(workspace), dry_run=True)
    assert (report.run, [step.status for step in report.steps]) == (None, ["pending", "pending"])
    assert not workspace.exists()


def test_a_partial_error_carries_the_report(workspace: Path) -> None:
    def some_failed(purchases: Any, *, as_of: date) -> StepOutput:
        made = cycles(purchases, as_of=as_of)
        return StepOutput(made.frames, {"incomplete": "2 customers got no answer"})

    first = PLAN[0].__class__(**{**vars(PLAN[0]), "function": some_failed})
    with pytest.raises(PartialError, match="2 customers got no answer") as caught:
        bring_up_to_date(Command("cycles", ("cycles",)), lambda: make_runner(workspace, plan=(first,)))
    report = caught.value.report
    assert isinstance(report, RunReport)
    assert report.run is not None
    assert (report.run.status, report.run.exit_code) == ("failed", 5)
    assert [step.name for step in report.steps] == ["cycles"]


def test_what_a_model_would_be_asked_is_said_only_if_it_would_be(workspace: Path) -> None:
    def foretold() -> dict[str, object]:
        plan = (replace(PLAN[0], name="predict"),)
        command = Command("predict", ("predict",))
        report = bring_up_to_date(
            command, lambda: make_runner(workspace, plan=plan), ask=lambda: {"to_ask": 2}, dry_run=True
        )
        return dict(report.steps[0].figures)

    assert foretold() == {"to_ask": 2}
    bring_up_to_date(
        Command("predict", ("predict",)), lambda: make_runner(workspace, plan=(replace(PLAN[0], name="predict"),))
    )
    assert "to_ask" not in foretold()


SOURCES = (SourceSettings(kind="products", files=("p.csv",)), SourceSettings(kind="purchases", files=("h.csv",)))


def imported(source: SourceSettings, *, known: int, dry_run: bool = False) -> ImportReport:
    file = FileReport(source.files[0], 10, 10 - known - 1, 1, 0, known, {})
    return ImportReport(source.kind, (file,), (), batch=None if dry_run else "key", dry_run=dry_run)


def test_each_source_is_a_step_of_the_run() -> None:
    steps = [step for one in SOURCES for step in import_source(one, lambda source: imported(source, known=3))]
    assert [(step.name, step.status, step.rows_in, step.rows_out) for step in steps] == [
        ("import products", "ran", 10, 6),
        ("import purchases", "ran", 10, 6),
    ]
    assert steps[0].figures == {"quarantined": 1, "known": 3, "corrected": 0}


def test_files_without_new_rows_are_reused_and_a_dry_run_is_pending() -> None:
    (known,) = import_source(SOURCES[0], lambda source: imported(source, known=10))
    assert (known.status, known.reason) == ("reused", "nothing new")
    (dry,) = import_source(SOURCES[0], lambda source: imported(source, known=0, dry_run=True))
    assert (dry.status, dry.reason, dry.key) == ("pending", "new rows", "")


def test_a_run_whose_import_is_refused_is_recorded(workspace: Path) -> None:
    def refuse(source: SourceSettings) -> ImportReport:
        if source.kind == "products":
            return imported(source, known=0)
        raise DataError("h.csv: no rows", hint="Choose another.")

    def run(*, dry_run: bool = False) -> RunReport:
        sources = (step for one in SOURCES for step in import_source(one, refuse))
        return bring_up_to_date(ALL, lambda: make_runner(workspace), import_sources=lambda: sources, dry_run=dry_run)

    with pytest.raises(DataError):
        run(dry_run=True)
    assert not workspace.exists()
    with pytest.raises(DataError, match="no rows") as caught:
        run()
    (record,) = make_runner(workspace).records.newest_first()
    assert (record.command, record.status, record.exit_code) == ("run", "failed", 3)
    assert record.error == "DataError: h.csv: no rows"
    assert [(step.name, step.status) for step in record.steps] == [
        ("import products", "ran"),
        ("import purchases", "failed"),
    ]
    assert record.steps[1].reason == "h.csv: no rows"
    assert caught.value.report.steps == record.steps
