"""The right to publish to a store, held by one publisher at a time, in an item of the store itself.

The control item says who writes (`holder`), until when unless it is renewed (`leaseUntil`), and under which number
(`fence`), which grows with every publisher. It is only ever replaced on condition that the number is still the one that
was read, so of two publishers that want it at the same moment one gets it, and one that slept through the end of its
lease finds out at its next renewal, before it writes any further. When all is written the item says `complete`, and
names the receipts of what stands in the store.

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

CONTROL = "control#published"
"""The key of the control item. Its `state` is `writing`, `disturbed` or `complete`; then `receiptsKey` names the
receipts of what stands in the store."""


@dataclass
class Lease:
    """The lease of one publisher: `holder` names its workspace, in which only one can be at work.

    A lease that its own workspace left behind is taken over at once: that publisher was killed. One of another
    workspace is respected until it ends."""

    store: TableStore
    table: str
    holder: str
    clock: Callable[[], datetime]
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    _fence: int | None = None
    _until: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether it was taken."""
        return self._fence is not None

    def take(self) -> None:
        """Takes the lease. Raises `LockedError` while another publisher holds it."""
        now = self.clock()
        standing = self.store.get(self.table, CONTROL, now=now)
        if standing is not None:
            self._respect(standing, now)
        fence = int(standing.get("fence", 0)) + 1 if standing else 1
        as_it_was = {name: value for name, value in (standing or {}).items() if name in ("fence", "state")}
        if not self._put(fence, now, as_it_was if standing else None):
            raise self._lost("another publisher was faster")

    def keep(self) -> None:
        """Renews the lease when half of it is over; to be called before every write. Raises `LockedError` when it was
        lost."""
        now = self.clock()
        if self._until is None or self._fence is None:
            raise AssertionError("a lease is taken before it is kept")
        if self._until - now < timedelta(seconds=self.seconds / 2) and not self._put(
            self._fence, now, {"fence": self._fence, "state": "writing"}
        ):
            raise self._lost("another publisher took over meanwhile")

    def complete(self, receipts_key: str) -> None:
        """Says that the store holds exactly what these receipts say. Raises `LockedError` when the lease was lost."""
        item = {**self._item(self._fence), "state": "complete", "receiptsKey": receipts_key}
        if not self.store.put_if(self.table, item, expected={"fence": self._fence, "state": "writing"}):
            raise self._lost("another publisher wrote to the store meanwhile")

    def disturb(self) -> None:
        """Says that the receipts cannot be relied on: whoever publishes next reads the store."""
        item = {**self._item(self._fence), "state": "disturbed"}
        self.store.put_if(self.table, item, expected={"fence": self._fence, "state": "writing"})

    def _respect(self, standing: Mapping[str, Any], now: datetime) -> None:
        until = standing.get("leaseUntil")
        if standing["state"] == "writing" and until and until > iso(now) and standing.get("holder") != self.holder:
            raise LockedError(
                f"run {standing['runId']} of another workspace is publishing to this store, at least until {until}",
                hint="Try again when it is done.",
            )

    def _put(self, fence: int, now: datetime, expected: Mapping[str, Any] | None) -> bool:
        until = now + timedelta(seconds=self.seconds)
        item = {**self._item(fence), "state": "writing", "leaseUntil": iso(until)}
        if not self.store.put_if(self.table, item, expected=expected):
            return False
        self._fence, self._until = fence, until
        return True

    def _item(self, fence: int | None) -> dict[str, Any]:
        return {"id": CONTROL, "holder": self.holder, "fence": fence, **self.facts}

    def _lost(self, why: str) -> LockedError:
        return LockedError(why, hint="Run `omnix publish` again when it is done: it reads the store and mends it.")
