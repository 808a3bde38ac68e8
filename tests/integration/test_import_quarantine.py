"""Quarantined rows are shown, replayed and discarded."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from omnix_cli.mappings import ColumnMapping
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.quarantine import quarantine_discard, quarantine_replay, quarantine_show
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import assert_conserved, current_rows, imported, importer, line, write


def always(mapping: ColumnMapping) -> Callable[[ColumnMapping], ColumnMapping]:
    """Replays with this mapping, whatever the import had."""
    return lambda _: mapping


def test_quarantined_rows_are_imported_once_the_mapping_is_fixed(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    imported(work, write(tmp_path / "a.csv", [line(1), line(2, quantity="0"), line(3, quantity="x"), "junk"]))
    assert len(quarantine_show(work, "purchases").rows) == 3
    fixed = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    report = quarantine_replay(work, "purchases", always(fixed))
    assert_conserved(report)
    assert (report.read, report.accepted, report.quarantined) == (3, 1, 2)
    assert sorted(current_rows(work)["order_id"]) == ["1", "2"]
    assert [reason.reason for reason in quarantine_show(work, "purchases").reasons] == [
        "not a number",
        "wrong number of fields",
    ]
    assert quarantine_replay(work, "purchases", always(fixed)).accepted == 0
    assert quarantine_discard(work, "purchases", reason="not a number").rows == 1
    assert quarantine_show(work, "purchases").rows["row_number"].to_list() == [5]
    assert quarantine_replay(work, "purchases", always(fixed)).quarantined == 1


def test_quarantined_lines_are_imported_from_a_fixed_file(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1), line(2, quantity="x"), '3,3,1,"1,2,2020-01-01', "junk"])
    imported(work, file)
    fixed = write(tmp_path / "fixed.csv", [line(1, price="7.77"), line(2), line(3), "junk"])
    report = quarantine_replay(work, "purchases", always(load_mapping("purchases")), fixed={str(file): str(fixed)})
    assert_conserved(report)
    assert (report.read, report.accepted, report.quarantined) == (3, 2, 1)
    assert current_rows(work)["unit_price"].unique().to_list() == [Decimal("2.50")]
    whole = imported(work, fixed)
    assert (whole.accepted, whole.corrected, whole.known) == (1, 1, 2)


def test_a_replayed_line_never_takes_the_place_of_a_line_of_the_same_file(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1, quantity="0"), line(1, quantity="5"), line(1, quantity="x"), line(2)])
    imported(work, file)
    zeros = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    assert quarantine_replay(work, "purchases", always(zeros)).accepted == 1
    fixed = write(tmp_path / "fixed.csv", [line(1), line(1), line(1, quantity="7"), line(2)])
    report = quarantine_replay(work, "purchases", always(zeros), fixed={str(file): str(fixed)})
    assert (report.accepted, report.corrected) == (1, 0)
    rows = current_rows(work).filter(order_id="1").sort("purchase_id")
    assert rows.select("purchase_id", "quantity").rows() == [("1#1#1", 5.0), ("1#1#1#2", 1.0), ("1#1#1#3", 7.0)]


def test_the_quarantine_of_overlapping_files_is_imported_once(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    for name in ("a.csv", "b.csv"):
        imported(work, write(tmp_path / name, [line(1, quantity="0"), line(2 if name == "a.csv" else 3)]))
    zeros = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    reports = [
        quarantine_replay(work, "purchases", always(zeros), file=str(tmp_path / name)) for name in ("a.csv", "b.csv")
    ]
    assert [(report.accepted, report.known) for report in reports] == [(1, 0), (0, 1)]
    assert current_rows(work).filter(order_id="1").height == 1


def test_reading_a_file_again_with_another_mapping_settles_its_quarantine(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    file = write(tmp_path / "a.csv", [line(1), line(2, quantity="0")])
    imported(work, file)
    mapping = load_mapping("purchases").model_copy(update={"zero_quantity": "one"})
    report = import_files(work, [str(file)], mapping)
    assert (report.accepted, report.known) == (1, 1)
    assert quarantine_show(work, "purchases").rows.is_empty()
