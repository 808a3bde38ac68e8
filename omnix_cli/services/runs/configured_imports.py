"""The imports that `omnix run` makes before anything else, as steps of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from omnix_cli.process_memory import PeakMemory
from omnix_cli.records import StepRecord
from omnix_cli.services.importing.reports import ImportReport
from omnix_cli.settings import SourceSettings


def import_sources(
    sources: Iterable[SourceSettings], import_one: Callable[[SourceSettings], ImportReport]
) -> tuple[StepRecord, ...]:
    """Imports each source in order; one record each."""
    return tuple(_measured(source, import_one) for source in sources)


def _measured(source: SourceSettings, import_one: Callable[[SourceSettings], ImportReport]) -> StepRecord:
    memory, began = PeakMemory(), time.perf_counter()
    report = import_one(source)
    is_known = report.known == report.read
    return StepRecord(
        name=f"import {source.kind}",
        key=report.batch or "",
        status="reused" if is_known else "pending" if report.dry_run else "ran",
        reason="; ".join(report.notes) or ("nothing new" if is_known else "new rows"),
        rows_in=report.read,
        rows_out=report.accepted,
        seconds=round(time.perf_counter() - began, 3),
        peak_memory_bytes=memory.peak_bytes(),
        figures={"quarantined": report.quarantined, "known": report.known, "corrected": report.corrected},
    )
