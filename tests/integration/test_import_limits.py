"""Imports that exceed a limit, and dry runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from omnix_cli.services.importing.reports import ImportRefused
from tests.importing import imported, importer, line, write


def test_too_many_bad_rows_and_nothing_is_imported(tmp_path: Path) -> None:
    work = importer(tmp_path)
    file = write(tmp_path / "a.csv", [*(line(number) for number in range(97)), *["x,,"] * 2, line(99, quantity="many")])
    with pytest.raises(ImportRefused, match="3 of 100 rows are bad") as caught:
        imported(work, file)
    assert caught.value.exit_code == 3
    assert [(reason.reason, reason.rows) for reason in caught.value.report.reasons] == [
        ("wrong number of fields", 2),
        ("not a number", 1),
    ]
    assert work.ledger.batches("purchases") == ()
    assert not list((tmp_path / "spill").iterdir())
    report = imported(importer(tmp_path, max_bad=0.03), file)
    assert (report.accepted, report.quarantined) == (97, 3)


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    imported(work, write(tmp_path / "a.csv", [line(1)]))
    file = write(tmp_path / "b.csv", [line(1), line(2), line(3, quantity="x")])
    before = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    dry = imported(work, file, dry_run=True)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == before
    real = imported(work, file)
    assert (dry.accepted, dry.quarantined, dry.known) == (real.accepted, real.quarantined, real.known) == (1, 1, 1)


def test_a_fall_of_the_rows_is_noted_or_refused(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, write(tmp_path / "a.csv", [line(number) for number in range(100)]))
    small = write(tmp_path / "b.csv", [line(number) for number in range(200, 240)])
    assert imported(work, small, dry_run=True).notes == ("40 rows: 60% fewer than past imports had",)
    with pytest.raises(ImportRefused, match="60% fewer"):
        imported(importer(tmp_path, max_row_fall=0.5), small)


def test_a_file_of_corrections_is_no_fall_of_the_rows(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, write(tmp_path / "a.csv", [line(number) for number in range(100)]))
    corrections = [line(2), line(3, price="9.00")]
    report = imported(work, write(tmp_path / "b.csv", corrections), dry_run=True)
    assert (report.known, report.corrected, report.notes) == (1, 1, ())
    with_news = imported(work, write(tmp_path / "c.csv", [*corrections, line(200)]), dry_run=True)
    assert with_news.notes == ("3 rows: 97% fewer than past imports had",)
    assert imported(work, write(tmp_path / "d.csv", []), dry_run=True).notes == (
        "0 rows: 100% fewer than past imports had",
    )
    with pytest.raises(ImportRefused, match="98% fewer"):
        imported(importer(tmp_path, max_row_fall=0.5), tmp_path / "b.csv")


def test_stale_rows_are_noted_or_refused(tmp_path: Path) -> None:
    imported(importer(tmp_path), write(tmp_path / "a.csv", [line(1, day="2020-05-30")]))
    old = write(tmp_path / "b.csv", [line(2, day="2020-05-01")])
    report = imported(importer(tmp_path), old, dry_run=True)
    assert report.newest_day == date(2020, 5, 1)
    assert report.notes == ("the newest row is of 2020-05-01, older than rows already imported (2020-05-30)",)
    with pytest.raises(ImportRefused, match="31 days ago"):
        imported(importer(tmp_path, max_age_days=30), old)
