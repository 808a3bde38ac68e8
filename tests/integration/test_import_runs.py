"""How the rows of an import are stored: runs, parts and what happens when one changes."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import UnavailableError
from omnix_cli.mappings import Returns
from omnix_cli.services.importing.importer import Importer
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportRefused
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import HEADER, RUN_ROWS, assert_conserved, current_rows, imported, importer, line, write

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("run_rows", [RUN_ROWS, 1000])
def test_slices_and_blocks_do_not_change_what_is_stored(tmp_path: Path, run_rows: int) -> None:
    lines = [
        f"{number * 7919 % 613},{number // 3},{number % 11},1,1,2020-01-{number % 28 + 1:02d}" for number in range(9000)
    ]
    file = write(tmp_path / "a.csv", [*lines, *lines[:50]])
    whole = importer(tmp_path / "whole", run_rows=run_rows)
    imported(whole, file)
    cut = importer(tmp_path / "cut", compared_rows=500, run_rows=run_rows, block_bytes=20_000, piece_bytes=2_000)
    imported(cut, file)
    assert cut.ledger.view("purchases").scan().collect().equals(whole.ledger.view("purchases").scan().collect())
    parts = [sorted((tmp_path / name / "checkpoints").rglob("*.parquet")) for name in ("whole", "cut")]
    assert [part.read_bytes() for part in parts[0]] == [part.read_bytes() for part in parts[1]]
    assert len(stored_parts(cut)) == -(-9050 // run_rows)


def test_what_is_stored_comes_in_runs_sorted_by_customer(tmp_path: Path) -> None:
    lines = [f"{number * 7919 % 613},{number},1,1,1,2020-01-01" for number in range(1000)]
    work = importer(tmp_path / "work", run_rows=400, block_bytes=5_000, piece_bytes=5_000)
    imported(work, write(tmp_path / "a.csv", lines))
    rows = work.ledger.view("purchases").scan().collect()
    runs = [rows[first : first + 400] for first in range(0, 1000, 400)]
    assert [run["order_id"].cast(pl.Int64).max() for run in runs] == [399, 799, 999]
    assert all(run["customer_id"].is_sorted() for run in runs)


LINES = st.lists(
    st.tuples(
        st.sampled_from("12"),  # customer
        st.sampled_from(["7", "8", ""]),  # order
        st.sampled_from("pq"),
        st.sampled_from(["1", "1", "1", "2", "-1"]),
        st.sampled_from(["3.00", "4.00"]),
        st.sampled_from(["2020-05-01", "2020-05-02"]),
        st.sampled_from(["sold", "sold", "sold", "void"]),
    ).map(",".join),
    max_size=12,
)


@settings(deadline=None, max_examples=40)
@given(files=st.lists(LINES, min_size=1, max_size=3), run_rows=st.sampled_from([2, 3, 5, 8]), twice=st.booleans())
def test_how_many_rows_a_run_has_changes_nothing(files: list[list[str]], run_rows: int, twice: bool) -> None:
    """In runs of one row, no run can tell by itself how the lines of a group are numbered."""
    rules = {"cancelled": {"status": ("void",)}, "returns": Returns(negative_quantity=True)}
    mapping = load_mapping("purchases").model_copy(update=rules)
    found = []
    for rows in (1, run_rows, RUN_ROWS):
        with TemporaryDirectory() as folder:
            work = importer(Path(folder), run_rows=rows)
            for number in range(2 if twice else 1):
                names = [
                    write(Path(folder) / f"{number}{place}.csv", lines, f"{HEADER},status")
                    for place, lines in enumerate(reversed(files) if number else files)
                ]
                report = import_files(work, [str(name) for name in names], mapping)
                assert_conserved(report)
            counts = [(file.accepted, file.known, file.quarantined) for file in report.files]
            stored = [batch.stored for batch in work.ledger.batches("purchases")]
            found.append((current_rows(work).rows(), counts, report.corrected, report.findings, stored))
    assert found[0] == found[1] == found[2]


def stored_parts(work: Importer) -> list[list[str]]:
    """The orders in the parts of the latest batch."""
    folder = work.checkpoints._shelf.path / work.ledger.batches("purchases")[-1].key
    return [pl.read_parquet(part)["order_id"].to_list() for part in sorted(folder.glob("purchases-*.parquet"))]


class TestRuns:
    """What happens to parts that are written before it is known which of their rows are new."""

    def test_a_part_in_which_nothing_changes_stays_as_it_is(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=3)
        lines = [line(1), line(2), line(3), line(4), line(5), line(1, price="9.00"), line(4), line(8)]
        report = imported(work, write(tmp_path / "a.csv", lines))
        assert (report.accepted, report.corrected) == (8, 0)
        assert sorted(stored_parts(work)) == [["1", "4"], ["3", "1", "2"], ["4", "5"], ["8"]]
        ids = current_rows(work).filter(order_id="1").select("purchase_id", "unit_price").rows()
        assert ids == [("2020-05-01##1#1", Decimal("2.50")), ("2020-05-01##1#1#2", Decimal("9.00"))]

    def test_a_row_that_another_file_corrects_leaves_its_part(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=2)
        first = write(tmp_path / "a.csv", [line(1), line(2), line(3), line(4)])
        second = write(tmp_path / "b.csv", [line(2, price="9.00"), line(4), line(5)])
        report = imported(work, first, second)
        assert [(file.accepted, file.known) for file in report.files] == [(4, 0), (2, 1)]
        assert report.corrected == 1
        assert stored_parts(work)[0] == ["3", "4"]
        assert sorted(current_rows(work).select("order_id", "unit_price").rows()) == [
            ("1", Decimal("2.50")),
            ("2", Decimal("9.00")),
            ("3", Decimal("2.50")),
            ("4", Decimal("2.50")),
            ("5", Decimal("2.50")),
        ]

    @pytest.mark.parametrize("seen_rows", [8, 9])
    def test_current_rows_are_stored_once(self, tmp_path: Path, seen_rows: int) -> None:
        work = importer(tmp_path, run_rows=2, seen_rows=seen_rows)
        imported(work, write(tmp_path / "a.csv", [line(number) for number in range(9)]))
        changed = [line(number, price="9.00" if number == 3 else "2.50") for number in range(11)]
        report = imported(work, write(tmp_path / "b.csv", changed))
        assert (report.accepted, report.known, report.corrected) == (3, 8, 1)
        assert sorted(order for part in stored_parts(work) for order in part) == ["10", "3", "9"]
        assert current_rows(work).height == 11

    def test_a_refused_import_leaves_no_part(self, tmp_path: Path) -> None:
        work = importer(tmp_path, run_rows=2, spilled="checkpoints")
        file = write(tmp_path / "a.csv", [*(line(number) for number in range(9)), line(9, quantity="many")])
        with pytest.raises(ImportRefused):
            imported(work, file)
        assert list((tmp_path / "checkpoints").iterdir()) == []
        imported(importer(tmp_path, run_rows=2, spilled="checkpoints", max_bad=1), file, dry_run=True)
        assert list((tmp_path / "checkpoints").iterdir()) == []

    def test_what_a_killed_import_wrote_is_swept(self, tmp_path: Path) -> None:
        script = (
            "import os, sys; from pathlib import Path; from tests.importing import imported, importer;"
            "work = importer(Path(sys.argv[1]), run_rows=2, spilled='checkpoints');"
            "type(work.ledger).add = lambda ledger, batch: os._exit(9);"
            "imported(work, Path(sys.argv[1]) / 'a.csv')"
        )
        write(tmp_path / "a.csv", [line(number) for number in range(9)])
        killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
        assert killed.returncode == 9
        work = importer(tmp_path, run_rows=2, spilled="checkpoints")
        assert list((tmp_path / "checkpoints").glob(".import-*"))
        work.checkpoints.sweep()
        assert not list((tmp_path / "checkpoints").glob(".*"))
        assert imported(work, tmp_path / "a.csv").accepted == 9

    def test_a_full_disk_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(rows: pl.DataFrame, file: Any, **how: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("omnix_cli.stores.inputs.spill.write_parquet", full)
        with pytest.raises(UnavailableError, match=r"could not be written.*No space left"):
            imported(importer(tmp_path, run_rows=2), write(tmp_path / "a.csv", [line(number) for number in range(9)]))
        assert list((tmp_path / "spill").iterdir()) == []
