"""Imports of small files in tests, with real checkpoints, a real ledger and real files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.held.run_buffers import RunSizes
from omnix_cli.services.importing.importer import Importer
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportReport
from omnix_cli.settings import ImportSettings
from omnix_cli.stores.inputs.line_blocks import BLOCK_BYTES
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.inputs.spill import PIECE_BYTES, open_spill
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.records import FileLedger

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)
HEADER = "customer_id,order_id,product_id,quantity,unit_price,purchased_at"
RUN_ROWS = RunSizes().run_rows


def importer(
    workspace: Path,
    *,
    block_bytes: int = BLOCK_BYTES,
    piece_bytes: int = PIECE_BYTES,
    spilled: str = "spill",
    run_rows: int = RUN_ROWS,
    compared_rows: int = 2_000_000,
    seen_rows: int = 1 << 25,
    **limits: Any,
) -> Importer:
    """An importer into a workspace; `limits` are import settings."""
    checkpoints = ParquetCheckpoints(DiskShelf(workspace / "checkpoints"), now=lambda: NOW)
    return Importer(
        sources=FileSources(block_bytes=block_bytes),
        checkpoints=checkpoints,
        ledger=FileLedger(DiskFolder(workspace), checkpoints),
        open_spill=partial(open_spill, folder=workspace / spilled, memory_bytes=4_000, piece_bytes=piece_bytes),
        settings=ImportSettings(**limits),
        now=NOW,
        sizes=RunSizes(run_rows, compared_rows, seen_rows),
    )


def imported(
    work: Importer, *files: Path, kind: str = "purchases", recipe: str | None = None, **how: Any
) -> ImportReport:
    """The report of an import of these files, in which no row is lost."""
    report = import_files(work, [str(file) for file in files], load_mapping(kind, recipe), **how)
    assert_conserved(report)
    return report


def assert_conserved(report: ImportReport) -> None:
    """Every row read is accepted, quarantined or known."""
    assert report.read == report.accepted + report.quarantined + report.known
    assert all(file.read == file.accepted + file.quarantined + file.known for file in report.files)
    assert report.quarantined == sum(reason.rows for reason in report.reasons)


def write(path: Path, lines: Iterable[str], header: str = HEADER) -> Path:
    """A file of lines below a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def line(order: int, product: int = 1, quantity: str = "1", price: str = "2.50", day: str = "2020-05-01") -> str:
    """A purchase line; the orders of three customers in turn."""
    return f"{order % 3},{order},{product},{quantity},{price},{day}"


def current_rows(work: Importer, kind: str = "purchases") -> pl.DataFrame:
    """All rows as a run would see them."""
    view = work.ledger.view(kind)
    rows = view.scan().collect()
    assert view.rows == rows.height
    return FRAMES[kind].conform(rows).sort(FRAMES[kind].sort[0], FRAMES[kind].key[0])
