"""Earlier runs: compare two of them, and remove what nothing needs any more."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from omnix_cli.protocols.checkpoints import Checkpoints, RunRecords
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.records import RunRecord

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True)
class RunComparison:
    """Two runs, and what differs between them."""

    before: str
    after: str
    differences: tuple[Difference, ...]


def compare(before: RunRecord, after: RunRecord) -> RunComparison:
    """Where two runs differ: day, settings, sources, and each step's key, rows and figures."""
    left, right = dict(_facts(before)), dict(_facts(after))
    compared = (Difference(name, left.get(name), right.get(name)) for name in left | right)
    differences = tuple(found for found in compared if found.before != found.after)
    return RunComparison(before.run_id, after.run_id, differences)


def warn_of_future(records: RunRecords, now: datetime) -> None:
    """Warns when the newest run lies in the future: this clock is wrong, or another one was."""
    newest = next(records.newest_first(), None)
    if newest is not None and newest.started_at > now:
        began = f"{newest.started_at:%Y-%m-%d %H:%M}"
        _log.warning("the newest run, %s, began at %s, in the future: check the clock", newest.run_id, began)


def mark_killed(records: RunRecords) -> None:
    """Marks runs whose process was killed. The caller holds the lock, so none of them is still running."""
    for record in records.newest_first():
        if record.status == "running":
            records.save(record.model_copy(update={"status": "killed"}))


@dataclass(frozen=True)
class PruneReport:
    """What was removed, or would be."""

    runs: tuple[str, ...]
    checkpoints: tuple[str, ...]
    freed_bytes: int
    kept_runs: int
    kept_checkpoints: int
    dry_run: bool


def prune(
    records: RunRecords,
    checkpoints: Checkpoints,
    *,
    keep: int,
    needed: Collection[str],
    dry_run: bool,
    now: datetime | None = None,
    may_go_on: MayGoOn = always,
) -> PruneReport:
    """Removes all but the `keep` newest runs, and every checkpoint that no kept run and nothing else needs.

    `needed` holds the keys that stay in any case: import batches. The newest run that published is always kept. Runs
    that lie in the future, because of a wrong clock, do not count: as many others are kept."""
    runs = list(records.newest_first())
    kept = [*_kept(runs, keep), *_kept([run for run in runs if now is None or run.started_at <= now], keep)]
    old = [run for run in runs if run not in kept]
    used = set(needed) | {step.key for run in kept for step in run.steps}
    manifests = list(checkpoints.manifests())
    superfluous = [manifest for manifest in manifests if manifest.key not in used]
    if not dry_run:
        for run in old:
            may_go_on()
            records.remove(run.run_id)
        for manifest in superfluous:
            may_go_on()
            checkpoints.remove(manifest.key)
    return PruneReport(
        runs=tuple(run.run_id for run in old),
        checkpoints=tuple(manifest.key for manifest in superfluous),
        freed_bytes=sum(manifest.total_bytes for manifest in superfluous),
        kept_runs=len(runs) - len(old),
        kept_checkpoints=len(manifests) - len(superfluous),
        dry_run=dry_run,
    )


def _kept(runs: Sequence[RunRecord], keep: int) -> list[RunRecord]:
    published = next((run for run in runs if run.status == "done" and run.step("publish")), None)
    return [run for number, run in enumerate(runs) if number < keep or run is published]


def _facts(run: RunRecord) -> Iterator[tuple[str, Any]]:
    yield "status", run.status
    yield "as_of", run.as_of.isoformat()
    yield from _flat("settings", run.settings)
    yield from _flat("source", run.sources)
    yield from _flat("source rows", run.source_rows)
    for step in run.steps:
        yield f"{step.name} key", step.key
        yield f"{step.name} rows", step.rows_out
        yield from _flat(step.name, step.figures)


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        whole = f"{prefix} {name}"
        yield from _flat(whole, value) if isinstance(value, Mapping) else [(whole, value)]
