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
from omnix_cli.stores.tables.specs import TABLES

TABLE_NAMES = ("customer-profiles", "purchase-history", "product-interactions", "recommendations", "order-states")
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
    wait: Callable[[float], None] = time.sleep
    name: str = "store"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for store in (self.store, *self.others):
            for table in _tables(store):
                for item in _items(store, table, traces.customer):
                    yield Piece(f"table {store.address(table)}", item)

    def erase(self, traces: Traces) -> int:
        """Raises `UnavailableError` when an index still shows items that were deleted."""
        erased = 0
        for store in (self.store, *self.others):
            tables = _tables(store)
            erased += sum(self._erase(store, table, traces.customer) for table in tables)
            if isinstance(store, OverwritingStore) and tables:
                store.overwrite_deleted()
        return erased

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
