"""Publishers as processes: stopped while they write, and slow but alive. `tests.soaks.pauses` does more of it."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from omnix_cli.errors import LockedError
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.dynamodb.writing.limits import WritePacing
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.aws.accounts import store_maker
from tests.soaks.pauses import Tally, pause_publisher, publish_until_done
from tests.unit.services.publishing.publishing_shop import frames, homepage


def test_a_publisher_that_was_stopped_overwrites_nothing(tmp_path: Path, aws_environment: None, ministack: str) -> None:
    tally = Tally("dynamodb")
    publish_until_done(tmp_path, ministack, 0)
    pause_publisher(tmp_path, ministack, 1, Random(3), tally)
    assert not tally.wrong, str(tally)
    assert tally.counts["the first one ended with 75"] == 1, str(tally)


def test_a_publisher_that_may_write_little_keeps_its_lease(
    tmp_path: Path, aws_environment: None, ministack: str
) -> None:
    """A batch of 25 lists waits longer for its write units than the lease lasts."""
    make, lease = store_maker(ministack), 0.6
    lists = frames(*(homepage(f"c{number}", "milk") for number in range(40)))
    refused: list[LockedError] = []

    def publisher(name: str) -> Publisher:
        return Publisher(
            open_store=make,
            checkpoints=ParquetCheckpoints(DiskShelf(tmp_path / name), now=lambda: datetime.now(UTC)),
            settings=PublishSettings(lease_seconds=lease, verify="none"),
            clock=lambda: datetime.now(UTC),
            holder=name,
        )

    def greedy(done: threading.Event) -> None:
        while not done.wait(0.2):
            with closing(make()) as store:
                try:
                    publisher("greedy").write(store, frames(homepage("c1", "jam")), "greedy", datetime.now(UTC).date())
                except LockedError as error:
                    refused.append(error)

    slow = store_maker(ministack, stage=make().stage, pacing=WritePacing(max_units=20))
    with closing(slow()) as store:
        store.create_tables()
        done = threading.Event()
        other = threading.Thread(target=greedy, args=(done,))

        class Begun:
            """Starts the other one when the writing begins."""

            def begin(self, name: str, total: int) -> None:
                other.start()

            def advance(self, lists: int) -> None:
                done.set()

            def end(self) -> None:
                other.join()

        report = Publisher(
            open_store=slow,
            checkpoints=ParquetCheckpoints(DiskShelf(tmp_path / "slow"), now=lambda: datetime.now(UTC)),
            settings=PublishSettings(lease_seconds=lease),
            clock=lambda: datetime.now(UTC),
            holder="slow",
            progress=Begun(),
        ).write(store, lists, "slow", datetime.now(UTC).date())
    assert report.added == 40
    assert report.verification is not None and not report.verification.differences
    assert len(refused) >= 2, "the other one had a try within each of several leases"
