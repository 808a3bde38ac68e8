from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnix_cli.services.importing.held.second_lines import SecondLines
from omnix_cli.services.importing.identify_rows import NO_HASHES, Hashes
from omnix_cli.stores.inputs.spill import open_spill
from tests.importing import current_rows, imported, importer, line, write


def hashes(*numbers: int) -> Hashes:
    return np.array(numbers, np.uint64)


def test_a_pair_has_one_row_in_the_runs_and_one_more(tmp_path: Path) -> None:
    with open_spill(tmp_path) as spill:
        seconds = SecondLines(spill)
        for groups in (hashes(1, 2, 3, 4), hashes(4, 5), NO_HASHES):
            seconds.add(pl.DataFrame({"n": groups}), groups)
        runs = [hashes(1, 2, 2, 9), hashes(3, 5, 4)]
        seen = hashes(1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 9)
        assert seconds.pairs(seen, runs, NO_HASHES).tolist() == [1, 3, 5]
        assert seconds.pairs(seen, runs, hashes(3)).tolist() == [1, 5]
        assert pl.concat(seconds.pieces())["n"].to_list() == [1, 2, 3, 4, 4, 5]


@pytest.mark.parametrize(
    ("lines", "stored"),
    [
        ([line(1), line(2), line(1, price="9.00"), line(3)], [("1", 2), ("1#2", 9), ("2", 2), ("3", 2)]),
        ([line(1), line(2), line(1), line(3)], [("1", 2), ("1#2", 2), ("2", 2), ("3", 2)]),
        (  # the third line is equal to the first, so that it comes before the second
            [line(1), line(2), line(1, price="9.00"), line(3), line(1), line(4)],
            [("1", 2), ("1#2", 2), ("1#3", 9), ("2", 2), ("3", 2), ("4", 2)],
        ),
    ],
)
def test_further_lines_of_an_order_in_other_runs_are_numbered(
    tmp_path: Path, lines: list[str], stored: list[tuple[str, int]]
) -> None:
    work = importer(tmp_path, run_rows=2)
    report = imported(work, write(tmp_path / "a.csv", lines))
    assert report.accepted == len(lines)
    rows = current_rows(work).sort("purchase_id")
    ids = rows["purchase_id"].str.replace(r"^2020-05-01##(\d+)#1", "$1")
    assert list(zip(ids, rows["unit_price"].cast(pl.Int64), strict=True)) == stored
