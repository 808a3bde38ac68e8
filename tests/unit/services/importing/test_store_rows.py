"""One file into an empty checkpoint; `tests/integration/test_import_runs.py` has runs and corrections."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from omnix_cli.services.importing.compare_rows import Comparison, RunSizes
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.services.importing.read_files import clean_file
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.services.importing.store_rows import cancel_rows, store_rows
from omnix_cli.stores.inputs.spill import open_spill
from tests.conftest import MemoryFrame, purchases
from tests.unit.services.importing.stages import GOOD, reader, source


class Written:
    """A checkpoint in memory."""

    def __init__(self) -> None:
        self.frames: dict[str, list[pl.DataFrame]] = {}

    def append(self, name: str, frame: pl.DataFrame) -> None:
        self.frames.setdefault(name, []).append(frame)

    def adopt(self, name: str, part: object) -> None:
        raise AssertionError("no run is full")

    def add_figures(self, figures: object) -> None:
        """No figures."""


def test_new_rows_are_written_and_repeated_lines_numbered(tmp_path: Path) -> None:
    counts, written, view = FileReport("a.csv"), Written(), MemoryFrame("purchases", purchases())
    with (
        open_spill(tmp_path) as rows,
        open_spill(tmp_path) as disputed,
        open_spill(tmp_path) as quarantine,
        Comparison(Identifier("purchases"), view, rows, disputed, RunSizes()) as comparison,
    ):
        for cleaned in clean_file(reader(), source(GOOD + "1,p,o,2,2020-05-01\n"), 0, counts):
            comparison.add(cleaned.rows)
        cancel_rows([], comparison, [counts], quarantine)
        assert store_rows(comparison, written, [counts]) == 0
    ids = pl.concat(written.frames["purchases"])["purchase_id"].sort().to_list()
    assert ids == ["1#o#p", "1#o#p#2", "2#o2#q"]
    assert (counts.accepted, counts.known) == (3, 0)
    assert written.frames["superseded"][0].is_empty()
