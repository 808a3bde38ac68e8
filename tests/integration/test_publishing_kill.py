"""Publishes of several thousand lists, killed at random moments, round after round."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL
from omnix_cli.services.publishing.publisher import Publisher, PublishReport
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.conftest import MemoryFrame
from tests.unit.services.publishing.publishing_shop import AfterEveryChunk

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LISTS = 4_000
ROUNDS = 4

PUBLISHER = """
import sys
from pathlib import Path
from tests.integration.test_publishing_kill import publish_round
publish_round(Path(sys.argv[1]), int(sys.argv[2]), after_chunk=lambda lists: print(lists, flush=True))
"""


def wanted(round_number: int) -> pl.DataFrame:
    """The lists of a round: each has a third of its customers changed, some gone and some new against the others."""
    random_numbers = random.Random(round_number)
    rows = []
    for customer in range(LISTS):
        if random_numbers.random() < 0.2:
            continue
        edition = random_numbers.choice([0, 0, round_number])
        for rank in range(1, 4):
            rows.append((f"c{customer:05d}#homepage", f"c{customer:05d}", rank, f"product-{customer + rank}-{edition}"))
    frame = pl.DataFrame(rows, schema=["list_id", "customer_id", "rank", "product_id"], orient="row")
    filled = frame.with_columns(
        product_name=pl.col("product_id"),
        kind=pl.lit("personal"),
        score=0.5,
        confidence=0.5,
        reason=pl.lit("because"),
        tags=pl.lit([], dtype=pl.List(pl.String)),
        shelf=pl.lit(None, pl.String),
        predicted_date=pl.lit(None, pl.Date),
        next_expected_date=pl.lit(None, pl.Date),
        urgency=pl.lit(None, pl.String),
        **dict.fromkeys(("category", "interval_days", "date_p10", "date_p90"), pl.lit(None)),
    )
    return FRAMES["recommendations"].conform(filled)


def publish_round(
    folder: Path, round_number: int, after_chunk: Callable[[int], None] = lambda lists: None
) -> PublishReport:
    lists = {
        "recommendations": MemoryFrame("recommendations", wanted(round_number), key=f"round-{round_number}"),
        "shop_lists": MemoryFrame("shop_lists", FRAMES["shop_lists"].empty()),
    }
    with closing(SqliteStore(folder / "store.sqlite", transaction_items=250)) as store:
        publisher = Publisher(
            open_store=lambda: store,
            checkpoints=ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=lambda: NOW),
            settings=PublishSettings(),
            clock=lambda: NOW,
            holder="here",
            progress=AfterEveryChunk(after_chunk),
            chunk_rows=2_000,
        )
        return publisher.write(store, lists, f"run-{round_number}", NOW.date())


def kill_publish(folder: Path, round_number: int, *, chunks: int, seconds: float) -> None:
    """Starts a publish and ends it so many seconds after it published so many of its chunks (six)."""
    command = [sys.executable, "-c", PUBLISHER, str(folder), str(round_number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        for _ in range(chunks):
            assert int(process.stdout.readline()) > 0
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        process.kill()


def stored(folder: Path) -> dict[str, list[str]]:
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        items = [item for item in store.scan("recommendations") if item["id"] != CONTROL]
    return {item["id"]: [entry["productId"] for entry in item["recommendations"]] for item in items}


def is_marked_as_writing(folder: Path) -> bool:
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        control = store.get("recommendations", CONTROL, now=NOW)
    return control is not None and control["state"] == "writing"


def test_killed_publishes_leave_neither_gap_nor_duplicate_nor_stale_row(tmp_path: Path) -> None:
    moments = random.Random(20260301)
    publish_round(tmp_path, 0)
    unfinished = 0
    for round_number in range(1, ROUNDS + 1):
        kill_publish(tmp_path, round_number, chunks=moments.randint(1, 5), seconds=moments.random() / 50)
        unfinished += is_marked_as_writing(tmp_path)
    assert unfinished > 0, "no process was killed while it was writing"

    report = publish_round(tmp_path, ROUNDS + 1)
    lists = wanted(ROUNDS + 1).group_by("list_id", maintain_order=True).agg("product_id")
    assert stored(tmp_path) == dict(lists.iter_rows())
    assert report.lists == lists.height
    assert publish_round(tmp_path, ROUNDS + 1).written == 0
