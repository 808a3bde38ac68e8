"""Properties of imports of any rows, in any order, in any sizes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import DataError, OmnixError
from omnix_cli.services.importing.quarantine import quarantine_show
from tests.importing import HEADER, RUN_ROWS, current_rows, imported, importer, line, write

fast = settings(deadline=None, max_examples=25)


DIRTY = st.lists(
    st.one_of(
        st.builds(line, st.integers(1, 6), st.integers(1, 3), st.sampled_from(["1", "2", "0", "x"])),
        st.sampled_from(["", "junk", '1,2,"3', "1,1,1,1,1,1,1", ",,,,,", "1,1,1,1,1,2050-01-01"]),
    ),
    max_size=25,
)


ORDERS = st.lists(
    st.builds(line, st.integers(1, 30), st.integers(1, 3), st.just("1"), st.sampled_from(["1.00", "2.00"])),
    max_size=30,
    unique_by=lambda text: text.split(",")[1:3].__str__(),
)


@fast
@given(first=DIRTY, second=DIRTY, run_rows=st.sampled_from([2, 5, RUN_ROWS]))
def test_rows_are_conserved_and_an_import_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str], run_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("dirty")
    work = importer(folder, run_rows=run_rows, max_bad=1)
    for number, lines in enumerate([first, second]):
        imported(work, write(folder / f"{number}.csv", lines))
    rows = current_rows(work)
    before = quarantine_show(work, "purchases", limit=100).rows
    again = imported(work, folder / "1.csv")
    assert again.known == again.read
    shuffled = imported(work, write(folder / "2.csv", second, HEADER + "  "))
    assert shuffled.accepted == 0
    assert current_rows(work).equals(rows)
    assert quarantine_show(work, "purchases", limit=100).rows.height == before.height + shuffled.quarantined


@fast
@given(
    files=st.lists(DIRTY, min_size=1, max_size=3), run_rows=st.integers(1, 8), compared_rows=st.sampled_from([2, 1000])
)
def test_runs_of_any_size_store_the_same(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], run_rows: int, compared_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    whole = importer(folder / "whole", max_bad=1)
    runs = importer(folder / "runs", run_rows=run_rows, compared_rows=compared_rows, max_bad=1)
    paths = [write(folder / f"{number}.csv", lines) for number, lines in enumerate(files)]
    for names in (paths, paths[::-1]):
        expected, found = (imported(work, *names) for work in (whole, runs))
        assert [(file.accepted, file.known) for file in found.files] == [
            (file.accepted, file.known) for file in expected.files
        ]
        assert found.corrected == expected.corrected
        assert current_rows(runs).equals(current_rows(whole))


@fast
@given(lines=ORDERS, cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)), swap=st.booleans())
def test_overlapping_halves_in_any_order_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cuts: tuple[int, int], swap: bool
) -> None:
    folder = tmp_path_factory.mktemp("halves")
    low, high = sorted(cuts)
    halves = [write(folder / "1.csv", lines[:high]), write(folder / "2.csv", lines[low:])]
    parts, whole = importer(folder / "parts"), importer(folder / "whole")
    for half in reversed(halves) if swap else halves:
        imported(parts, half)
    imported(whole, write(folder / "whole.csv", lines))
    assert current_rows(parts).equals(current_rows(whole))


@fast
@given(content=st.binary(max_size=400) | DIRTY.map(lambda lines: "\n".join([HEADER, *lines]).encode("utf-16")))
def test_any_bytes_give_a_report_or_an_error_of_omnix(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "a.csv").write_bytes(content)
    work = importer(folder, max_bad=1)
    try:
        imported(work, folder / "a.csv")
    except OmnixError as error:
        assert isinstance(error, DataError)
        assert work.ledger.batches("purchases") == ()
