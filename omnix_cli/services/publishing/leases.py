"""The right to publish to a store, held by one publisher at a time, in an item of the store itself.

The control item says who writes (`holder`), for how long unless renewed (`leaseSeconds`, and `leaseUntil` for people),
and under which number (`fence`), which grows with every publisher. It is replaced only while it is still as it was
read, so one of two publishers gets it. A thread renews it. Every bulk write depends on it (`protocols.tables.Guard`).

No clock of another machine is trusted. The holder counts its lease from before the request that took or renewed it. A
publisher of another workspace takes it over when it has watched it for the whole time and saw no renewal, or at once if
the store refuses the late writes of the former holder.

docs/consistency.md says what that promises. Sources: M. Kleppmann, "How to do distributed locking" (2016), for the
fencing number; AWS Database Blog, "Building distributed locks with the DynamoDB lock client" (2017), for the watching.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import LockedError, OmnixError
from omnix_cli.processes.boot_time import boot_seconds
from omnix_cli.processes.renewals import keep_renewing
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.protocols.tables import TableStore

TABLE = "recommendations"
"""The table that lists are published to."""
CONTROL = "control#published"
"""The key of the control item. Its `state` is `writing`, `disturbed` or `complete`; then `receiptsKey` names the
receipts of what the store holds. `lateWrites` is the mark of a publisher that found its lease lost and may have written
too late; a publish that ends with such a mark ends `disturbed`, so that the next one reads the store."""
DISTURBED = "disturbed"
"""The state after something was found in the store that is not as it was written, or may not be."""
_UNSURE = "a publisher that did not finish"
"""The mark of a publisher that has not left one, but may have written too late and then died."""
_RENEWED_AT = 3 / 4
"""The share of the lease that is left when it is renewed."""
_MARGIN = 1 / 3
"""The share of the lease at its end in which nothing is sent any more: the time that a request may be on its way."""
_LOOKS = 10
"""How often another publisher's lease is looked at while it is watched."""
_VERSION = ("fence", "state", "leaseUntil", "receiptsKey", "lateWrites")
"""What tells two states of the control item apart."""

_log = logging.getLogger(__name__)


def is_to_be_created(store: TableStore) -> bool:
    """Whether a publish creates the table. Where somebody else does, reading a missing one is an error that says so."""
    return not store.traits.is_administered and TABLE in store.missing_tables()


def read_control(store: TableStore, now: datetime) -> Mapping[str, Any]:
    """The control item; {} if there is none."""
    return {} if is_to_be_created(store) else store.get(TABLE, CONTROL, now=now) or {}


@dataclass
class Lease:
    """The lease of one publisher, taken with the first `check`, unless the control item is no longer `before`, as it
    was read. Implements `protocols.tables.Guard`.

    `holder` names its workspace, in which only one publisher can run: a lease that the same workspace left behind is
    replaced at once. `timer` gives seconds that go on while the process is stopped."""

    store: TableStore
    before: Mapping[str, Any]
    holder: str
    clock: Callable[[], datetime]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    may_go_on: MayGoOn = always
    timer: Callable[[], float] = boot_seconds
    sleep: Callable[[float], object] = time.sleep
    _fence: int = 0
    _mark: str = ""
    _ends: float | None = None
    _is_lost: bool = False
    _busy: threading.RLock = field(default_factory=threading.RLock)
    _done: threading.Event = field(default_factory=threading.Event)
    _renewing: threading.Thread | None = None

    key = CONTROL

    @property
    def held(self) -> bool:
        return self._ends is not None

    @property
    def expected(self) -> Mapping[str, Any]:
        return {"fence": self._fence, "state": "writing"}

    def check(self) -> None:
        """Takes the lease at first, and renews it when it is about to end; called before every write. Raises
        `LockedError` when it was lost or another publisher holds it."""
        self.may_go_on()
        with self._busy:
            if self._ends is None:
                self._take()
            elif self._is_lost or self._ends - self.timer() < self.seconds * _MARGIN:
                self._renew()

    def lost(self) -> LockedError:
        self._is_lost = True
        return _lost("this run lost its turn to publish: it was stopped, slow or cut off, and another one published")

    def complete(self, receipts_key: str) -> None:
        """Says that the store holds exactly what these receipts say. Raises `LockedError` when the lease was lost."""
        self.may_go_on()
        self._end("complete", receiptsKey=receipts_key)

    def disturb(self) -> None:
        """Says that the receipts cannot be trusted: the next publish reads the store."""
        self._end(DISTURBED)

    def mark_late_writes(self) -> None:
        """After an error: if another publisher has taken over, makes the next publish read the store, whoever published
        or publishes since."""
        try:
            while self.held and not self._is_marked():
                pass
        except OmnixError as error:  # whoever took over from this publisher does not trust the receipts either
            _log.warning("the store could not be marked as one to read again: %s", error.message)

    def close(self) -> None:
        """Ends the renewals."""
        self._done.set()
        if self._renewing is not None:
            self._renewing.join()

    def _end(self, state: str, **changes: str) -> None:
        with self._busy:
            if not self._change(state=state, **changes):
                raise self.lost()
            self._done.set()

    def _take(self) -> None:
        control = self.before
        is_unfinished = control.get("state") == "writing"
        if is_unfinished and control.get("holder") != self.holder:
            self._wait_for(control)
        self._fence = int(control.get("fence", 0)) + 1
        self._mark = _UNSURE if is_unfinished and not self.store.traits.fences_writes else ""
        expected = {name: control[name] for name in _VERSION if name in control}
        began = self.timer()
        if not self._put(expected if control else None, **self._terms()):
            raise _lost("another run began to publish to the store at the same time")
        self._ends = began + self.seconds
        self._renewing = threading.Thread(target=self._keep_renewing, name="publish lease", daemon=True)
        self._renewing.start()

    def _is_marked(self) -> bool:
        """Marks the control item unless it is ours; false if another publisher changed it at the same time."""
        item = self._read()
        if item.get("state") not in ("writing", "complete") or item["fence"] == self._fence:
            return True
        changes = {"state": DISTURBED} if item["state"] == "complete" else {"lateWrites": uuid4().hex}
        expected = {name: item[name] for name in _VERSION if name in item}
        return self.store.put_if(TABLE, {**item, **changes}, expected=expected)

    def _wait_for(self, control: Mapping[str, Any]) -> None:
        """Returns when a publisher of another workspace has certainly lost its lease."""
        seconds, now = float(control.get("leaseSeconds", self.seconds)), self.clock()
        until = datetime.fromisoformat(control.get("leaseUntil") or iso(now))
        other = f"run {control.get('runId', '?')} of another workspace"
        if now < until <= now + timedelta(seconds=2 * seconds):
            message = f"{other} is publishing to this store, at least until {iso(until)}"
            raise LockedError(message, hint="Try again when it has finished.")
        if until <= now and self.store.traits.fences_writes:
            return
        _log.info("%s did not finish publishing; watching for %.0f seconds whether it goes on", other, seconds)
        ends = self.timer() + seconds
        while (left := ends - self.timer()) > 0:
            self.may_go_on()
            self.sleep(min(left, seconds / _LOOKS))
            if self._read() != control:
                raise LockedError(f"{other} is publishing to this store", hint="Try again when it has finished.")

    def _keep_renewing(self) -> None:
        every = self.seconds * (1 - _RENEWED_AT)
        keep_renewing(self._renew, "the turn to publish", every=every, busy=self._busy, done=self._done)

    def _renew(self) -> None:
        began = self.timer()
        if self._is_lost or not self._change(**self._terms()):
            raise self.lost()
        self._ends = began + self.seconds

    def _terms(self) -> dict[str, str]:
        until = self.clock() + timedelta(seconds=self.seconds)
        return {"state": "writing", "leaseUntil": iso(until), "leaseSeconds": str(self.seconds)}

    def _change(self, **changes: str) -> bool:
        """Changes the control item if it is ours; keeps the mark that another publisher may have left in it."""
        while True:
            if self._mark and changes["state"] == "complete":
                changes = {"state": DISTURBED}
            if self._put({**self.expected, "lateWrites": self._mark}, **changes):
                return True
            item = self._read()
            if {**item, **self.expected} != item or item.get("lateWrites", "") == self._mark:
                return False
            self._mark = item.get("lateWrites", "")

    def _read(self) -> Mapping[str, Any]:
        return self.store.get(TABLE, CONTROL, now=self.clock()) or {}

    def _put(self, expected: Mapping[str, Any] | None, **changes: str) -> bool:
        ours = {"id": CONTROL, "holder": self.holder, "fence": self._fence, "lateWrites": self._mark}
        return self.store.put_if(TABLE, {**ours, **self.facts, **changes}, expected=expected)


def _lost(why: str) -> LockedError:
    return LockedError(why, hint="Run `omnix publish` again when that run has finished: it repairs what differs.")
