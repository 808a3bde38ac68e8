"""One file into an empty checkpoint; `tests/integration/test_import_runs.py` has runs and corrections."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import polars as pl

from omnix_cli.protocols.checkpoints import StagedPart
from omnix_cli.services.importing.compare_rows import Comparison, Spills
from omnix_cli.services.importing.held.run_buffers import RunSizes
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.services.importing.read_files import clean_file
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.services.importing.store_rows import store_rows
from omnix_cli.stores.inputs.spill import open_spill
from omnix_cli.stores.workspace.records import LedgerView
from tests.unit.services.importing.stages import GOOD, reader, source


class Written:
    """A checkpoint in memory."""

    def __init__(self) -> None:
        self.frames: dict[str, list[pl.DataFrame]] = {}

    def append(self, name: str, frame: pl.DataFrame) -> None:
        self.frames.setdefault(name, []).append(frame)

    def adopt(self, name: str, part: StagedPart) -> None:
        self.append(name, part.read())

    def add_figures(self, figures: object) -> None:
        """No figures."""


def test_new_rows_are_written_and_repeated_lines_numbered(tmp_path: Path) -> None:
    counts, written = FileReport("a.csv"), Written()
    with ExitStack() as stack:
        kept = Spills(*(stack.enter_context(open_spill(tmp_path)) for _ in range(5)))
        view = LedgerView("purchases", (), 0)
        comparison = stack.enter_context(Comparison(Identifier("purchases"), view, kept, RunSizes()))
        for cleaned in clean_file(reader(), source(GOOD + "1,p,o,2,2020-05-01\n"), 0, counts):
            comparison.add(cleaned.rows)
        comparison.end_file(0)
        assert store_rows(comparison, written, [counts])["corrected"] == 0
    ids = pl.concat(written.frames["purchases"])["purchase_id"].sort().to_list()
    assert ids == ["2020-05-01##o#p", "2020-05-01##o#p#2", "2020-05-02##o2#q"]
    assert (counts.accepted, counts.known) == (3, 0)
    assert written.frames["superseded"][0].is_empty()
