"""What an import must not exceed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.services.importing.limits import check_limits, row_fall_note
from omnix_cli.services.importing.reports import FileReport, ImportRefused, ImportReport
from omnix_cli.settings import ImportSettings

TODAY = date(2020, 6, 1)


def report(read: int, *, bad: int = 0, expected: int = 0, known: int = 0, newest: date | None = None) -> ImportReport:
    accepted = read - bad - expected - known
    file = FileReport("a.csv", read, accepted, bad + expected, expected, known, {})
    return ImportReport("purchases", (file,), (), newest_day=newest)


def batch(read: int, *, newest: date | None = None, replay: bool = False) -> ImportBatch:
    file = ImportedFile(name="a.csv", sha256="", mapping_key="", read=read, newest_day=newest)
    when = datetime(2020, 5, 1, tzinfo=UTC)
    return ImportBatch(key=f"import-{read}", kind="purchases", imported_at=when, files=(file,), replay=replay)


def notes(found: ImportReport, *batches: ImportBatch, **limits: Any) -> list[str]:
    return list(check_limits(found, batches, ImportSettings(**limits), TODAY))


def test_expected_rows_are_not_bad() -> None:
    assert notes(report(100, bad=1, expected=50), max_bad=0.01) == []
    with pytest.raises(ImportRefused, match=r"2 of 100 rows are bad \(2.0%, allowed 1.0%\)") as caught:
        notes(report(100, bad=2), max_bad=0.01)
    assert caught.value.report.refused
    assert caught.value.report.read == 100


def test_the_usual_number_of_rows_is_the_median_of_imports_that_are_no_replays() -> None:
    batches = [batch(100), batch(1), batch(90), batch(1, replay=True), batch(1, replay=True)]
    assert list(row_fall_note(report(45), batches)) == ["45 rows: 50% fewer than past imports had"]
    assert list(row_fall_note(report(80), batches)) == []
    assert list(row_fall_note(report(45, known=45), batches)) == []
    with pytest.raises(ImportRefused, match="50% fewer"):
        notes(report(45), *batches, max_row_fall=0.4)


def test_old_rows_are_noted_or_refused() -> None:
    old = report(10, newest=date(2020, 5, 1))
    assert notes(old, batch(10, newest=date(2020, 5, 2))) == [
        "the newest row is of 2020-05-01, older than rows already imported (2020-05-02)"
    ]
    with pytest.raises(ImportRefused, match="31 days ago"):
        notes(old, max_age_days=30)
