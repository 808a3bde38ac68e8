from __future__ import annotations

from omnix_cli.services.importing.reports import FileReport, ImportReport
from omnix_cli.services.runs.configured_imports import import_sources
from omnix_cli.settings import SourceSettings

SOURCES = (SourceSettings(kind="products", files=("p.csv",)), SourceSettings(kind="purchases", files=("h.csv",)))


def report(source: SourceSettings, *, known: int, dry_run: bool = False) -> ImportReport:
    file = FileReport(source.files[0], 10, 10 - known - 1, 1, 0, known, {})
    return ImportReport(source.kind, (file,), (), batch=None if dry_run else "key", dry_run=dry_run)


def test_each_source_is_a_step_of_the_run() -> None:
    steps = import_sources(SOURCES, lambda source: report(source, known=3))
    assert [(step.name, step.status, step.rows_in, step.rows_out) for step in steps] == [
        ("import products", "ran", 10, 6),
        ("import purchases", "ran", 10, 6),
    ]
    assert steps[0].figures == {"quarantined": 1, "known": 3, "corrected": 0}


def test_files_without_new_rows_are_reused_and_a_dry_run_is_pending() -> None:
    (known,) = import_sources(SOURCES[:1], lambda source: report(source, known=10))
    assert (known.status, known.reason) == ("reused", "nothing new")
    (dry,) = import_sources(SOURCES[:1], lambda source: report(source, known=0, dry_run=True))
    assert (dry.status, dry.reason, dry.key) == ("pending", "new rows", "")
