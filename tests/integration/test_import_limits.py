"""Imports that exceed a limit, and dry runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from omnix_cli.errors import DataError
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


def test_known_rows_do_not_make_up_for_a_broken_delivery(tmp_path: Path) -> None:
    """A nightly export of everything: the new rows alone are judged."""
    work = importer(tmp_path)
    known = [line(number) for number in range(3_000)]
    imported(work, write(tmp_path / "a.csv", known))
    broken = write(tmp_path / "b.csv", [*known, *(line(5_000 + number, quantity="?") for number in range(12))])
    with pytest.raises(ImportRefused, match=r"b.csv: 12 of 12 new rows are bad \(100.0%, allowed 1.0%\): 12 quantity"):
        imported(work, broken)
    assert len(work.ledger.batches("purchases")) == 1
    assert imported(importer(tmp_path, max_bad=1), broken).quarantined == 12


def test_a_dry_run_refuses_a_broken_delivery_too(tmp_path: Path) -> None:
    work = importer(tmp_path)
    known = [line(number) for number in range(1_000)]
    imported(work, write(tmp_path / "a.csv", known))
    broken = write(tmp_path / "b.csv", [*known, *(line(5_000 + number, quantity="?") for number in range(5))])
    with pytest.raises(ImportRefused, match="5 of 5 new rows are bad"):
        imported(work, broken, dry_run=True)


def test_bad_rows_of_earlier_nights_are_not_new(tmp_path: Path) -> None:
    """An export of everything has the same bad rows each night, and one more now and then."""
    known = [*(line(number) for number in range(3_000)), *(line(4_000 + number, quantity="?") for number in range(15))]
    imported(importer(tmp_path), write(tmp_path / "a.csv", known))
    next_night = write(tmp_path / "b.csv", [*known, *(line(5_000 + number) for number in range(20))])
    assert imported(importer(tmp_path), next_night).accepted == 20
    one_bad = write(tmp_path / "c.csv", [*known, line(6_000), line(6_001, quantity="?")])
    assert imported(importer(tmp_path), one_bad).accepted == 1


@pytest.mark.parametrize("bad", [1, 3, 40])
def test_a_wholly_broken_file_among_good_ones_is_refused(tmp_path: Path, bad: int) -> None:
    good = write(tmp_path / "a.csv", [line(number) for number in range(5_000)])
    broken = write(tmp_path / "b.csv", [line(9_000 + number, quantity="?") for number in range(bad)])
    work = importer(tmp_path)
    with pytest.raises(ImportRefused, match=rf"b.csv: {bad} of {bad} new rows? (is|are) bad") as caught:
        imported(work, good, broken)
    assert list(caught.value.broken) == [str(broken)]
    assert work.ledger.batches("purchases") == ()


def test_a_few_bad_rows_of_a_small_file_are_not_a_broken_file(tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", [line(number) for number in range(5_000)])
    small = write(tmp_path / "b.csv", [*(line(9_000 + n) for n in range(20)), line(9_100, quantity="?")])
    assert imported(importer(tmp_path), good, small).quarantined == 1


def test_a_broken_file_can_be_left_out(tmp_path: Path) -> None:
    """Its good rows, too, wait for the mended file, which is read when it comes under the same name."""
    good = write(tmp_path / "a.csv", [line(number) for number in range(50)])
    rows = [line(9_000), *(line(9_001 + number, quantity="?") for number in range(30))]
    broken = write(tmp_path / "b.csv", rows)
    work = importer(tmp_path, bad_file="leave_out")
    report = imported(work, good, broken)
    assert (report.read, report.accepted) == (50, 50)
    assert (
        report.files[1].findings["left out"].startswith("30 of 31 new rows are bad (96.8%, allowed 1.0%): 30 quantity")
    )
    assert report.notes[0].startswith(f"left out {broken}: 30 of 31 new rows are bad")
    assert [file.name for file in work.ledger.batches("purchases")[0].files] == [str(good)]
    write(tmp_path / "b.csv", [row.replace("?", "1") for row in rows])
    assert imported(work, good, broken).accepted == 31


def test_a_file_that_cannot_be_read_can_be_left_out(tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", [line(number) for number in range(50)])
    other = write(tmp_path / "b.csv", ["1,2"], header="x,y")
    report = imported(importer(tmp_path, bad_file="leave_out"), good, other)
    assert report.accepted == 50
    assert "left out" in report.files[1].findings
    with pytest.raises(DataError):
        imported(importer(tmp_path / "other"), good, other)


def test_when_all_files_are_broken_nothing_is_left_out(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.csv", [line(1, quantity="?")] * 20) for name in "ab"]
    with pytest.raises(ImportRefused, match="40 of 40 rows are bad"):
        imported(importer(tmp_path, bad_file="leave_out"), *files)
