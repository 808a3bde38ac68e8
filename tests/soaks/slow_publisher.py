"""A publisher that writes slowly, as a process.

    python -m tests.soaks.slow_publisher FOLDER URL NAME EDITION

Says `begins` before it writes, and ends with the exit code of omnix. NAME is its workspace; without a URL the store is
a SQLite file in the folder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omnix_cli.errors import OmnixError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.dynamodb.writing.limits import WritePacing
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.aws.accounts import store_maker
from tests.conftest import MemoryFrame
from tests.integration.test_publishing_kill import wanted

LEASE = 2.0
UNITS = 3_000.0
"""Write units a second: the lists of one edition take about two seconds."""


class SlowStore(SqliteStore):
    """Small transactions with a wait before each."""

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Any]:
        time.sleep(0.02)
        with super().transaction(**options) as database:
            yield database


def opened(folder: Path, url: str, *, slow: bool = False) -> TableStore:
    if url:
        pacing = WritePacing(max_units=UNITS if slow else None)
        return store_maker(url, stage="soak", pacing=pacing)()
    return (SlowStore if slow else SqliteStore)(folder / "store.sqlite", transaction_items=50 if slow else 10_000)


class Announced:
    """Says `begins` when the writing does."""

    def begin(self, name: str, total: int) -> None:
        print("begins", flush=True)

    def advance(self, done: int) -> None:
        pass

    def end(self) -> None:
        pass


def main(folder: Path, url: str, name: str, edition: int) -> int:
    def now() -> datetime:
        return datetime.now(UTC)

    frames = {
        "recommendations": MemoryFrame("recommendations", wanted(edition), key=f"edition-{edition}"),
        "shop_lists": MemoryFrame("shop_lists", FRAMES["shop_lists"].empty()),
    }
    with closing(opened(folder, url, slow=name == "first")) as store:
        store.create_tables()
        publisher = Publisher(
            open_store=lambda: store,
            checkpoints=ParquetCheckpoints(DiskShelf(folder / name), now=now),
            settings=PublishSettings(lease_seconds=LEASE),
            clock=now,
            holder=name,
            progress=Announced(),
            chunk_rows=2_000,
        )
        try:
            publisher.write(store, frames, f"{name}-{edition}", now().date())
        except OmnixError as error:
            print(error.message, error.hint)
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
