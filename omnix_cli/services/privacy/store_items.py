"""The items of a customer in the tables of the store: found by key and by index, never by a scan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from omnix_cli.errors import UnavailableError
from omnix_cli.list_ids import CUSTOMER_CONTEXTS, personal
from omnix_cli.protocols.tables import OverwritingStore, TableStore
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.tables import store_tombstones
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.tables.store_tombstones import StoreTombstones

TOMBSTONES = store_tombstones.TABLE
TABLE_NAMES = sorted(
    (name for name, spec in TABLES.items() if any(index.hash == "customerId" for index in spec.indexes)),
    key=lambda name: name != "order-states",
)
"""The tables with items of customers. States of orders first: whoever applies one meanwhile then removes its
purchases."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""At this time nothing has expired: what has is there until the store deletes it."""
_PAGE = 500
_TRIES = 8
"""How often an index is asked again that lags behind its table."""


@dataclass(frozen=True)
class StoreItems:
    """Implements `kept_places.Place` for the tables of a store."""

    store: TableStore
    others: Sequence[TableStore] = ()
    """Further stores with tables of the same names."""
    key: Callable[[], bytes] = bytes
    """The key of the hashes for a store in which nobody was forgotten yet; none: a new one."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], None] = time.sleep
    name: str = "store"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for store in (self.store, *self.others):
            for table in _tables(store):
                for item in _items(store, table, traces.customer):
                    yield Piece(f"table {store.address(table)}", item)

    def erase(self, traces: Traces) -> int:
        """The tombstones come first: whoever writes about the customer from then on leaves it out. Raises
        `UnavailableError` when an index still shows items that were deleted."""
        erased = 0
        for store in (self.store, *self.others):
            tables = _tables(store)
            if store not in self._unguarded() and (tables or store is self.store):
                StoreTombstones(store).bury(traces.customer, key=self.key(), now=self.now())
            erased += sum(self._erase(store, table, traces.customer) for table in tables)
            if isinstance(store, OverwritingStore) and tables:
                store.overwrite_deleted()
        return erased

    def open_doors(self) -> list[str]:
        """The tables that are missing and would keep late events and requests from storing a customer again."""
        return [f"{TOMBSTONES}: there is no such table in the store" for _ in self._unguarded()]

    def _unguarded(self) -> list[TableStore]:
        """The stores that somebody administers who has not created the table of tombstones."""
        stores = (self.store, *self.others)
        return [one for one in stores if one.traits.is_administered and one.missing_tables((TOMBSTONES,))]

    def _erase(self, store: TableStore, table: str, customer: str) -> int:
        key, erased = TABLES[table].key, set[str]()
        for attempt in range(_TRIES):
            keys = [item[key] for item in _items(store, table, customer)]
            if not keys:
                return len(erased)
            erased.update(keys)
            store.delete_many(table, keys)
            if attempt:
                self.wait(min(0.1 * 2**attempt, 5.0))
        message = f"an index of {table} still shows items that were deleted"
        raise UnavailableError(message, hint="Run the same command again in a minute.")


def _tables(store: TableStore) -> list[str]:
    missing = store.missing_tables(TABLE_NAMES)
    return [name for name in TABLE_NAMES if name not in missing]


def _items(store: TableStore, table: str, customer: str) -> Iterator[dict[str, Any]]:
    """The items of a customer, each once, expired ones too."""
    spec = TABLES[table]
    index = next(index for index in spec.indexes if index.hash == "customerId")
    own = [personal(customer, context) for context in CUSTOMER_CONTEXTS] if table == "recommendations" else []
    keys = [customer] if spec.key == "customerId" else own
    found = {item[spec.key]: item for item in store.get_many(table, keys)} if keys else {}
    yield from found.values()
    cursor = None
    while spec.key != "customerId":
        page = store.query(table, index.name, customer, now=_LONG_AGO, limit=_PAGE, cursor=cursor)
        yield from (item for item in page.items if item[spec.key] not in found)
        if (cursor := page.cursor) is None:
            return
