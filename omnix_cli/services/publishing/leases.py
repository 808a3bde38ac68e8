"""The right to publish to a store, held by one publisher at a time, in an item of the store itself.

The control item says who writes (`holder`), until when unless renewed (`leaseUntil`), and under which number (`fence`),
which grows with every publisher. It is replaced only while the number is still the one that was read: so one of two
publishers gets it, and one that slept past the end of its lease notices before it writes anything more.

Source of the fencing number: M. Kleppmann, "How to do distributed locking" (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from omnix_cli.errors import LockedError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.publishing.list_items import iso

TABLE = "recommendations"
"""The table that lists are published to."""
CONTROL = "control#published"
"""The key of the control item. Its `state` is `writing`, `disturbed` or `complete`; then `receiptsKey` names the
receipts of what the store holds."""
DISTURBED = "disturbed"
"""The state after something was found in the store that is not as it was written."""


@dataclass
class Lease:
    """The lease of one publisher. `holder` names its workspace, in which only one publisher can run: a lease that the
    same workspace left behind is replaced at once, one of another workspace is respected until it ends."""

    store: TableStore
    holder: str
    clock: Callable[[], datetime]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    _fence: int | None = None
    _until: datetime | None = None

    @property
    def held(self) -> bool:
        return self._until is not None

    def keep(self) -> None:
        """Takes the lease at first, and renews it once half of it is over; call it before every write. Raises
        `LockedError` when it was lost or another publisher holds it."""
        now = self.clock()
        if self._until is None:
            self._take(now)
        elif self._until - now < timedelta(seconds=self.seconds / 2) and not self._extend(now, self._mine):
            raise _lost("this run paused for too long, and another one published to the store")

    def complete(self, receipts_key: str) -> None:
        """Says that the store holds exactly what these receipts say. Raises `LockedError` when the lease was lost."""
        if not self._put(self._mine, state="complete", receiptsKey=receipts_key):
            raise _lost("another run wrote to the store at the same time")

    def disturb(self) -> None:
        """Says that the receipts cannot be trusted: the next publish reads the store."""
        self._put(self._mine, state=DISTURBED)

    @property
    def _mine(self) -> Mapping[str, Any]:
        return {"fence": self._fence, "state": "writing"}

    def _take(self, now: datetime) -> None:
        control = self.store.get(TABLE, CONTROL, now=now) or {}
        is_held = control.get("state") == "writing" and (control.get("leaseUntil") or "") > iso(now)
        if is_held and control.get("holder") != self.holder:
            other = f"run {control['runId']} of another workspace is publishing to this store"
            message = f"{other}, at least until {control['leaseUntil']}"
            raise LockedError(message, hint="Try again when it has finished.")
        expected = {name: value for name, value in control.items() if name in ("fence", "state")}
        self._fence = int(control.get("fence", 0)) + 1
        if not self._extend(now, expected if control else None):
            raise _lost("another run began to publish to the store at the same time")

    def _extend(self, now: datetime, expected: Mapping[str, Any] | None) -> bool:
        until = now + timedelta(seconds=self.seconds)
        is_ours = self._put(expected, state="writing", leaseUntil=iso(until))
        self._until = until if is_ours else self._until
        return is_ours

    def _put(self, expected: Mapping[str, Any] | None, **changes: str) -> bool:
        item = {"id": CONTROL, "holder": self.holder, "fence": self._fence, **self.facts, **changes}
        return self.store.put_if(TABLE, item, expected=expected)


def _lost(why: str) -> LockedError:
    return LockedError(why, hint="Run `omnix publish` again when that run has finished: it repairs what differs.")
