"""Publishes of several thousand lists, killed at random moments, round after round."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing import CONTROL, publish
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.checkpoints import LocalCheckpoints
from omnix_cli.stores.sqlite import SqliteStore
from tests.conftest import MemoryFrame

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LISTS = 4_000
ROUNDS = 5

PUBLISHER = """
import sys
from pathlib import Path
from tests.integration.test_publishing_kill import publish_round
from omnix_cli.services import items
from omnix_cli.stores import sqlite
items._PIECE_ROWS = 2_000
sqlite.TRANSACTION_ITEMS = 250
print("ready", flush=True)
report = publish_round(Path(sys.argv[1]), int(sys.argv[2]))
print(report.seconds, flush=True)
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
        urgency=pl.lit(None, pl.String),
    )
    return FRAMES["recommendations"].conform(filled)


def publish_round(folder: Path, round_number: int):  # type: ignore[no-untyped-def]
    lists = MemoryFrame("recommendations", wanted(round_number), key=f"round-{round_number}")
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        return publish(
            lists,
            MemoryFrame("shop_lists", FRAMES["shop_lists"].empty()),
            store=store,
            checkpoints=LocalCheckpoints(folder / "checkpoints", now=lambda: NOW),
            settings=PublishSettings(),
            now=NOW,
            run_id=f"run-{round_number}",
        )


def start(folder: Path, round_number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUBLISHER, str(folder), str(round_number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def stands(folder: Path) -> dict[str, list[str]]:
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        items = [item for item in store.scan("recommendations") if item["id"] != CONTROL]
    return {item["id"]: [entry["productId"] for entry in item["recommendations"]] for item in items}


def is_marked_as_writing(folder: Path) -> bool:
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        control = store.get("recommendations", CONTROL, now=NOW)
    return control is not None and control["state"] == "writing"


def test_killed_publishes_leave_neither_gap_nor_duplicate_nor_stale_row(tmp_path: Path) -> None:
    moments = random.Random(20260301)
    with start(tmp_path, 0) as process:
        assert process.stdout
        whole_seconds = float(process.stdout.read())
    unfinished = 0
    for round_number in range(1, ROUNDS + 1):
        with start(tmp_path, round_number) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=moments.random() * whole_seconds)
            process.kill()
        unfinished += is_marked_as_writing(tmp_path)
    assert unfinished > 0, "no process was killed while it was writing"

    report = publish_round(tmp_path, ROUNDS + 1)
    lists = wanted(ROUNDS + 1).group_by("list_id", maintain_order=True).agg("product_id")
    assert stands(tmp_path) == dict(lists.iter_rows())
    assert report.lists == lists.height
    assert publish_round(tmp_path, ROUNDS + 1).written == 0
