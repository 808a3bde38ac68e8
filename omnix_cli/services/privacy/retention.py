"""What is older than the settings of retention allow is removed: by the nightly run, before anything else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import orjson
import polars as pl

from omnix_cli.protocols.checkpoints import SOURCES, RunRecords
from omnix_cli.settings import RetentionSettings
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.files import rewrite_lines
from omnix_cli.stores.workspace.records import FileLedger

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Aging:
    """What grows old. `prune` keeps so many runs and returns how many it removed; `expire` deletes what has expired in
    a table of the store. With `dry_run`, all of it is counted only."""

    checkpoints: ParquetCheckpoints
    ledger: FileLedger
    records: RunRecords
    logs: Path
    answers: Callable[[], SqliteAnswers | None]
    prune: Callable[[int], int]
    expire: Callable[[str], int]
    dry_run: bool = False


def apply(settings: RetentionSettings, aging: Aging, *, now: datetime) -> dict[str, int]:
    """Removes what is too old; returns how much of what. Says so in the log."""
    removed = {
        "quarantined rows": _quarantine(settings.quarantine_days, aging, now),
        "answers": _answers(settings.answer_days, aging, now),
        "runs": _runs(settings.run_days, aging, now),
        "log lines": _log_lines(settings.log_days, aging, now),
        "expired interactions": aging.expire("product-interactions") if settings.interaction_days else 0,
        "states of orders": aging.expire("order-states") if settings.order_days else 0,
    }
    gone = {what: count for what, count in removed.items() if count}
    if gone:
        _log.info("retention: %s", in_words(gone, aging.dry_run))
    return gone


def in_words(gone: Mapping[str, int], dry_run: bool) -> str:
    """What was removed, or would be."""
    return f"{'would remove' if dry_run else 'removed'} " + ", ".join(
        f"{count:,} {what}" for what, count in gone.items()
    )


def _quarantine(days: float | None, aging: Aging, now: datetime) -> int:
    """The rows of imports that are older; what is quarantined again since then is younger."""
    if days is None:
        return 0
    before = now - timedelta(days=days)
    old = [batch.key for kind in SOURCES for batch in aging.ledger.batches(kind) if batch.imported_at < before]
    rows = {
        key: aging.checkpoints.open(key).manifest.rows("quarantine") for key in old if not aging.checkpoints.damage(key)
    }
    if not aging.dry_run:
        for key in (key for key, count in rows.items() if count):
            aging.checkpoints.take_out(key, {"quarantine": pl.lit(True)})
    return sum(rows.values())


def _answers(days: float | None, aging: Aging, now: datetime) -> int:
    answers = aging.answers() if days is not None else None
    if not answers or days is None:
        return 0
    return answers.drop_before(now - timedelta(days=days), dry_run=aging.dry_run)


def _runs(days: float | None, aging: Aging, now: datetime) -> int:
    """Runs that are older, with the results that no other run needs: their lists, predictions and dead letters. The
    newest run stays, and so does the one that was published last."""
    if days is None:
        return 0
    before = now - timedelta(days=days)
    young = sum(1 for _ in takewhile(lambda run: run.started_at >= before, aging.records.newest_first()))
    return aging.prune(max(young, 1))


def _log_lines(days: float | None, aging: Aging, now: datetime) -> int:
    """Lines of the log files that are older."""
    if days is None:
        return 0
    before = now - timedelta(days=days)

    def young(line: bytes) -> bytes:
        return b"" if _is_older(line, before) else line

    return sum(rewrite_lines(path, young, dry_run=aging.dry_run) for path in sorted(aging.logs.glob("*.log*")))


def _is_older(line: bytes, before: datetime) -> bool:
    try:
        written = datetime.fromisoformat(orjson.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        return False
    return (written if written.tzinfo else written.replace(tzinfo=UTC)) < before
