"""A model of publishers that are stopped, slow, killed and of wrong clocks, over the real classes.

Each publisher is a thread that waits before every look at the store and every write, until the machine lets it go on.
So hypothesis chooses who goes on when, how much time passes in between, and who is killed. What must hold is what
docs/consistency.md promises.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from omnix_cli.batching import batched
from omnix_cli.errors import LockedError
from omnix_cli.item_frames import as_dictionaries
from omnix_cli.protocols.tables import Guard, TableStore
from omnix_cli.services.publishing.leases import CONTROL, TABLE
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.workspace import _Lease
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.conftest import MemoryFrame
from tests.memory_store.store import MemoryStore
from tests.unit.services.publishing.publishing_shop import frames, homepage

LEASE = 60.0
IN_MEMORY = Path("/dev/shm")
"""A disk would make most of the time."""
START = datetime(2026, 3, 1, tzinfo=UTC)
WORKSPACES = {name: timedelta(hours=off) for name, off in [("right", 0), ("ahead", 5), ("behind", -5), ("s3://a", 0)]}
"""The workspaces that publish, and how far off their clocks are. In that on S3, several machines may believe that they
hold the lock; on a disk it ends with its process."""
WHERE = st.sampled_from(list(WORKSPACES))
BATCH = 2


class Killed(BaseException):
    """Stands for the end of a process."""


class Bucket:
    """The objects of a prefix, as `_Lease` needs them."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self.timer = timer
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.puts = 0

    def get(self, key: str) -> tuple[bytes, str] | None:
        found = self.objects.get(key)
        return found and found[:2]

    def age(self, key: str) -> timedelta | None:
        found = self.objects.get(key)
        return None if found is None else timedelta(seconds=self.timer() - found[2])

    def put(self, key: str, content: bytes, condition: Mapping[str, str]) -> str:
        tag = self.objects.get(key, (b"", None))[1]
        if condition.get("IfMatch", tag) != tag or ("IfNoneMatch" in condition and tag is not None):
            raise Changed(key)
        self.puts += 1
        self.objects[key] = (content, str(self.puts), self.timer())
        return str(self.puts)


class Process(threading.Thread):
    """One publish. Outside `go_on` it is stopped."""

    def __init__(self, workspace: str, number: int, publish: Callable[[Process], object]) -> None:
        super().__init__(daemon=True)
        self.workspace = workspace
        self.number = number
        self.publish = publish
        self.outcome: str | BaseException | None = None
        self.is_killed = False
        self.late: set[str] = set()
        """The lists of a batch that is on its way."""
        self.batches = 0
        self.late_batches: set[int] = set()
        self._may_run = threading.Semaphore(0)
        self._is_stopped = threading.Semaphore(0)
        self.start()
        self._is_stopped.acquire()

    def run(self) -> None:
        try:
            self.stop()
            self.publish(self)
            self.outcome = "done"
        except (LockedError, Killed) as error:
            self.outcome = type(error).__name__
        except BaseException as error:
            self.outcome = error
        self._is_stopped.release()

    def stop(self) -> None:
        """Called by the process before it looks at anything that others can change."""
        if threading.current_thread() is not self:
            return
        self._is_stopped.release()
        self._may_run.acquire()
        if self.is_killed:
            raise Killed

    def go_on(self) -> None:
        if self.outcome is None:
            self._may_run.release()
            assert self._is_stopped.acquire(timeout=20), "the process does not go on"


class FencedStore(SqliteStore):
    """SQLite, with a stop before every transaction and look."""

    stop: Callable[[], None]

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Any]:
        self.stop()
        with super().transaction(**options) as database:
            yield database

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        self.stop()
        return super().get(table, key, now=now)


class BatchStore(MemoryStore):
    """As DynamoDB: batches without a condition, each preceded by a look at the guard, and on their way for a while."""

    def __init__(self, shared: MemoryStore, process: Process) -> None:
        super().__init__()
        self.tables, self._lock = shared.tables, shared._lock
        self.process = process
        self.guard: Guard | None = None

    @contextmanager
    def guarded(self, guard: Guard) -> Iterator[None]:
        self.guard = guard
        yield
        self.guard = None

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        self.process.stop()
        return super().get(table, key, now=now)

    def put_if(self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None) -> bool:
        self.process.stop()
        guard, self.guard = self.guard, None
        try:
            return super().put_if(table, item, expected=expected)
        finally:
            self.guard = guard

    def put_many(self, table: str, items: Any) -> int:
        put = super().put_many
        return self._in_batches(list(as_dictionaries(items)), lambda some: put(table, some))

    def delete_many(self, table: str, keys: Any) -> int:
        delete = super().delete_many
        items = [{"id": key} for key in keys]
        return self._in_batches(items, lambda some: delete(table, [one["id"] for one in some]))

    def _in_batches(self, items: Sequence[Mapping[str, Any]], write: Callable[[Any], int]) -> int:
        if self.guard is None:
            return write(items)
        for some in batched(items, BATCH):
            self.guard.check()
            self.process.late = {str(item["id"]) for item in some}
            self.process.batches += 1
            self.process.stop()
            write(some)
            self.process.late = set()
        return len(items)


def lists_of(number: int) -> dict[str, list[str]]:
    """The lists of the publish of that number: some stay, some change, some go and some come."""
    customers = [customer for customer in range(7) if (customer + number) % 3]
    return {f"c{customer}#homepage": [f"p{number if customer % 2 else 0}"] for customer in customers}


class Publishers(RuleBasedStateMachine):
    """Whenever the control item says `complete`, a store that fences writes holds exactly the lists of that run."""

    is_fenced = True

    @initialize()
    def begin(self) -> None:
        self.seconds = 0.0
        self.folder = Path(tempfile.mkdtemp(prefix="omnix-model-", dir=IN_MEMORY if IN_MEMORY.exists() else None))
        self.memory = MemoryStore()
        self.bucket = Bucket(lambda: self.seconds)
        self.processes: list[Process] = []
        self.number = 0
        self.unsure: set[str] = set()
        self.turn = (0, "")
        self.lists: dict[str, dict[str, list[str]]] = {}
        """The lists of each run."""
        with closing(self._store(None)) as store:
            store.create_tables()

    def _store(self, process: Process | None) -> TableStore:
        if self.is_fenced:
            store = FencedStore(self.folder / "store.sqlite", transaction_items=BATCH, busy_seconds=0.1)
            store.stop = process.stop if process else lambda: None
            return store
        return BatchStore(self.memory, process) if process else self.memory

    def _publish(self, process: Process) -> None:
        clock = lambda: START + timedelta(seconds=self.seconds) + WORKSPACES[process.workspace]  # noqa: E731
        may_go_on: Callable[[], None] = lambda: None  # noqa: E731
        if process.workspace.startswith("s3"):
            lock = _Lease(self.bucket, {"number": process.number}, LEASE, lambda: self.seconds)  # type: ignore[arg-type]
            lock.take()
            may_go_on = lock.check

        def sleep(seconds: float) -> None:
            process.stop()
            self.seconds += seconds

        with closing(self._store(process)) as store:
            publisher = Publisher(
                open_store=lambda: store,
                checkpoints=self._checkpoints(process.workspace),
                settings=PublishSettings(lease_seconds=LEASE, verify="none"),
                clock=clock,
                holder=process.workspace,
                may_go_on=may_go_on,
                timer=lambda: self.seconds,
                sleep=sleep,
                chunk_rows=3,
            )
            publisher.write(store, self._frames(str(process.number)), str(process.number), START.date())
        if process.workspace.startswith("s3"):
            lock.release()

    def _checkpoints(self, workspace: str) -> ParquetCheckpoints:
        return ParquetCheckpoints(DiskShelf(self.folder / workspace.replace("/", "")), now=lambda: START)

    def _frames(self, run: str) -> dict[str, MemoryFrame]:
        return frames(*(homepage(key.partition("#")[0], *products) for key, products in self.lists[run].items()))

    def _found(self) -> tuple[Mapping[str, Any], dict[str, list[str]]]:
        """The control item and the lists in the store."""
        with closing(self._store(None)) as store:
            items = {item["id"]: item for item in store.scan(TABLE)}
        control = items.pop(CONTROL, {})
        return control, {key: [entry["productId"] for entry in item["recommendations"]] for key, item in items.items()}

    @property
    def _running(self) -> list[Process]:
        return [process for process in self.processes if process.outcome is None]

    def _start(self, workspace: str, again: int | None = None) -> Process | None:
        """A new publish, of lists of its own or `again` of those of an earlier one."""
        if not workspace.startswith("s3") and any(process.workspace == workspace for process in self._running):
            return None  # the lock of a workspace on a disk
        self.number += 1
        self.lists[str(self.number)] = lists_of(again or self.number)
        self.processes.append(Process(workspace, self.number, self._publish))
        return self.processes[-1]

    def _go_on(self, process: Process, steps: int) -> None:
        for _ in range(steps):
            if process.late and self._found()[0].get("runId") != str(process.number):
                self.unsure |= process.late  # what is on its way arrives too late
                process.late_batches.add(process.batches)
                assert len(process.late_batches) == 1, "it sent another batch after the loss of its lease"
            process.go_on()
        assert process.outcome in (None, "done", "LockedError", "Killed"), process.outcome

    @precondition(lambda self: len(self._running) < 3)
    @rule(workspace=WHERE, steps=st.integers(2, 6))
    def begin_to_publish(self, workspace: str, steps: int) -> None:
        if process := self._start(workspace):
            self._go_on(process, steps)

    @precondition(lambda self: self._running)
    @rule(workspace=WHERE, seconds=st.sampled_from([61.0, 61.0, 20_000.0, 45.0]))
    def overtake(self, workspace: str, seconds: float) -> None:
        """All others are stopped for a while, and one publishes from beginning to end."""
        self.seconds += seconds
        if process := self._start(workspace):
            self._go_on(process, 60)

    @precondition(lambda self: self._running)
    @rule(which=st.integers(0, 2), steps=st.integers(1, 5), seconds=st.sampled_from([0.0, 15.0]))
    def go_on(self, which: int, steps: int, seconds: float) -> None:
        self.seconds += seconds
        self._go_on(self._running[which % len(self._running)], steps)

    @precondition(lambda self: len(self._running) == 3)
    @rule(which=st.integers(0, 2))
    def kill(self, which: int) -> None:
        process = self._running[which]
        process.is_killed = True
        process.go_on()

    @invariant()
    def what_is_complete_is_exact(self) -> None:
        if not hasattr(self, "folder"):
            return
        control, lists = self._found()
        turn = int(control.get("fence", 0)), control.get("runId", "")
        assert turn[0] > self.turn[0] or turn == self.turn, "each publisher has a number of its own"
        self.turn = turn
        if control.get("state") != "complete":
            return
        wanted = self.lists[control["runId"]]
        differing = {key for key in lists.keys() | wanted.keys() if lists.get(key) != wanted.get(key)}
        assert not differing if self.is_fenced else differing <= self.unsure, (control, differing)

    def teardown(self) -> None:
        """When all are done, one more publish makes the store exact: at once, also where writes came too late."""
        if not hasattr(self, "folder"):
            return
        try:
            for process in self.processes:
                while process.outcome is None:
                    self._go_on(process, 1)
                self.what_is_complete_is_exact()
            self.seconds += 1000
            control = self._found()[0]  # of whoever trusts its receipts and would write nothing
            last = self._start(control.get("holder", "right"), again=int(control.get("runId", 0)))
            assert last is not None
            while last.outcome is None:
                last.go_on()
            assert last.outcome == "done"
            assert self._found()[1] == self.lists[str(last.number)]
        finally:
            for process in self._running:
                process.is_killed = True
                process.go_on()
            shutil.rmtree(self.folder)


class PublishersInBatches(Publishers):
    """Where writes are not fenced, only lists of batches that were on their way can differ, and not for long."""

    is_fenced = False


@pytest.mark.parametrize("machine", [Publishers, PublishersInBatches], ids=["SQLite", "batches"])
def test_no_publisher_overwrites_newer_lists(machine: type[Publishers]) -> None:
    run = machine.TestCase
    health = list(HealthCheck)
    run.settings = settings(
        max_examples=15, stateful_step_count=10, deadline=None, suppress_health_check=health, derandomize=True
    )
    run().runTest()


@pytest.mark.parametrize("machine", [Publishers, PublishersInBatches], ids=["SQLite", "batches"])
@pytest.mark.parametrize(
    ("first", "second", "pause", "publishes", "then"),
    [
        ("right", "ahead", 61, 1, "goes on"),
        ("right", "ahead", 10, 1, "goes on"),
        ("ahead", "behind", 61, 2, "goes on"),
        ("s3://a", "s3://a", 61, 2, "goes on"),
        ("s3://a", "s3://a", 61, 1, "dies"),
    ],
)
def test_one_is_stopped_at_each_step_while_another_publishes(
    machine: type[Publishers], first: str, second: str, pause: int, publishes: int, then: str
) -> None:
    """For longer than the lease, or so briefly that the other one has to wait."""
    ended = set()
    for steps in range(1, 10):
        model = machine()
        model.begin()
        earlier = model._start(second)
        assert earlier is not None
        model._go_on(earlier, 100)
        stopped = model._start(first)
        assert stopped is not None
        model._go_on(stopped, steps)
        is_done = stopped.outcome
        model.seconds += pause
        for _ in range(publishes):
            other = model._start(second)
            assert other is not None
            model._go_on(other, 100)
        is_refused = other.outcome == "LockedError"
        if then == "dies" and stopped.outcome is None:
            model._go_on(stopped, 1)
            stopped.is_killed = True
        while stopped.outcome is None:
            model.what_is_complete_is_exact()
            model._go_on(stopped, 1)
        model.what_is_complete_is_exact()
        ended.add((is_done, is_refused, stopped.outcome))
        model.teardown()
    assert ("done", False, "done") in ended
    if pause > LEASE:
        assert not any(is_refused for _, is_refused, _ in ended)
        assert (None, False, "LockedError" if then == "goes on" else "Killed") in ended
