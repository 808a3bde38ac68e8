"""Orders in the store: what is known of each one, and the purchase rows that follow from it.

Documents about an order come repeatedly, late and in any order. `order-states` keeps the newest one of each order, and
the ids that its lines ever had. A document is applied in two parts: it becomes the state, on the condition that the
state is older; then the rows of `purchase-history` are made what the newest state says, whichever document that is of.
So a process may stop anywhere: the same document again, or any other of the order, completes what was begun.

Of two documents, the newer one has the later time of change. At equal times a cancelled order is newer than a completed
one, and that than an open one; then the hash of the content decides, so that the result is always the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import InvalidRecord, UnavailableError
from omnix_cli.json_records import exact_json
from omnix_cli.json_records.customer_records import wrong
from omnix_cli.json_records.order_records import CANCELLED, COMPLETED, OPEN, OrderDocument, order_document
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.given_times import CLOCK_SKEW, check_time
from omnix_cli.services.customers.order_lines import INDEX
from omnix_cli.services.customers.order_rows import Item, OrderRows, order_rows
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE
from omnix_cli.stores.tables.store_tombstones import StoreTombstones

TABLE = "order-states"
MAX_STATE_BYTES = 300_000
"""The most bytes of an order's state as JSON; DynamoDB stores items of up to 400 kB."""
MOVED = timedelta(days=31)
"""How far before its date imported lines of an order are looked for: the date may have been another one then."""
_RANKS = {OPEN: 0, COMPLETED: 1, CANCELLED: 2}
_ROUNDS = 20
"""How often others may change an order while its rows are written."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""At this time no state has expired: one counts until the store deletes it."""

Status = Literal["applied", "unchanged", "older", "forgotten", "refused"]


@dataclass(frozen=True)
class Applied:
    """What became of one document: `applied`, `unchanged` (it was the newest already), `older` (a newer one is known),
    `forgotten` (left out, since the customer was forgotten later), or `refused` with the `reason`. `lines` is how many
    purchase rows the order has now."""

    row: int
    status: Status
    order: str | None = None
    lines: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class OrderEvent:
    """A document about an order, and when it was sent, for a document that does not say when the order changed."""

    document: Any
    sent_at: datetime | None = None


def apply_orders(
    store: TableStore,
    events: Sequence[OrderEvent],
    *,
    now: datetime,
    timezone: str = "UTC",
    lifetime_days: float | None = None,
    tombstones: StoreTombstones | None = None,
) -> Iterator[Applied]:
    """Applies documents about orders, one by one; one that is wrong is refused alone.

    The rows are those that an import of the same documents gives, ids included (see docs/identity.md); `timezone` is
    that of the shop. A document that does not say when the order changed, and was not sent at a known time, counts
    from the date of the order. With `lifetime_days`, the store forgets the state of an order so long after the last
    document was applied, but not its rows."""
    accepted: dict[int, OrderDocument] = {}
    refused: dict[int, InvalidRecord] = {}
    for row, event in enumerate(events):
        try:
            accepted[row] = order_document(event.document)
        except InvalidRecord as error:
            refused[row] = error
    found = order_rows(list(accepted.values()), now=now + CLOCK_SKEW, timezone=timezone) if accepted else []
    rows = dict(zip(accepted, found, strict=True))
    expiry = {} if lifetime_days is None else {"ttl": int((now + timedelta(days=lifetime_days)).timestamp())}
    tombstones = tombstones or StoreTombstones(store)
    for row, event in enumerate(events):
        if row in refused:
            yield Applied(row, "refused", reason=refused[row].message)
            continue
        document = accepted[row]
        try:
            ordered_at = _ordered_at(document, timezone)
            if tombstones.hides(document.customer_id, ordered_at, now=now):
                yield Applied(row, "forgotten", document.id)
                continue
            changed_at = _changed_at(document, event.sent_at, ordered_at, now)
            stated = _stated(document, rows[row], ordered_at, changed_at) | expiry
            status, state = _apply(store, stated, now)
            if tombstones.hides(document.customer_id, ordered_at, now=now):
                store.delete_many(TABLE, [state["id"]])  # forgotten since: this came too late to go
                store.delete_many(PURCHASE_TABLE, state["lineIds"])
                yield Applied(row, "forgotten", document.id)
                continue
        except InvalidRecord as error:
            yield Applied(row, "refused", document.id, reason=error.message)
        else:
            yield Applied(row, status, document.id, len(state["lines"]))


def _ordered_at(document: OrderDocument, timezone: str) -> datetime:
    """When the order was placed; one that is not completed may have a date to come."""
    written = datetime.fromisoformat(document.order_date)
    try:
        moment = (written if written.tzinfo else written.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except OverflowError as error:
        raise wrong("orderDate", "is out of range") from error
    check_time("orderDate", moment, now=None)
    return moment


def _changed_at(document: OrderDocument, sent_at: datetime | None, ordered_at: datetime, now: datetime) -> str:
    """When the order became what the document says, in microseconds; such texts sort by time."""
    moment = document.updated_at or sent_at or ordered_at
    check_time("orderDate" if document.updated_at is None else "updatedAt", moment, now=now)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _stated(document: OrderDocument, rows: OrderRows, ordered_at: datetime, changed_at: str) -> Item:
    """The state that a document describes."""
    if rows.reason is not None:
        raise InvalidRecord(rows.reason, problems=(("items", rows.reason),))
    return {
        "id": document.id,
        "customerId": document.customer_id,
        "orderDate": iso(ordered_at),
        "changedAt": changed_at,
        "status": document.state,
        "content": document.content,
        "lines": list(rows.items),
        "lineIds": sorted(rows.ids),
        "version": 1,
    }


def _apply(store: TableStore, stated: Item, now: datetime) -> tuple[Status, Item]:
    status, state = _keep_newest(store, stated, now)
    return status, _write_lines(store, state, now)


def _keep_newest(store: TableStore, stated: Item, now: datetime) -> tuple[Status, Item]:
    """Makes a document the state of its order unless a newer one is known; returns the state."""
    status: Status
    for _ in range(_ROUNDS):
        known = store.get(TABLE, stated["id"], now=_LONG_AGO)
        if known is not None and _rank(known) >= _rank(stated):
            if set(stated["lineIds"]) <= set(known["lineIds"]):
                return ("unchanged" if _rank(known) == _rank(stated) else "older"), known
            newest, status = known, "older"
        else:
            newest, status = stated, "applied"
        before = _imported_ids(store, stated, now) if known is None else known["lineIds"]
        ids = sorted({*before, *stated["lineIds"]})
        state = {**newest, "lineIds": ids, "version": 1 if known is None else known["version"] + 1}
        if len(exact_json.dumps(state)) > MAX_STATE_BYTES:
            raise wrong("items", f"the order and its changes need more than {MAX_STATE_BYTES:,} bytes")
        if store.put_if(TABLE, state, expected=None if known is None else {"version": known["version"]}):
            return status, state
    raise _busy(stated)


def _write_lines(store: TableStore, state: Item, now: datetime) -> Item:
    """Makes the rows of an order what its state says; returns the state that they follow."""
    for _ in range(_ROUNDS):
        _replace(store, state["lineIds"], state["lines"])
        newest = store.get(TABLE, state["id"], now=_LONG_AGO)
        if newest is None:  # everything about the customer was deleted meanwhile
            newest = {**state, "lines": []}
            _replace(store, state["lineIds"], [])
        if newest["version"] == state["version"]:
            return newest
        state = newest
    raise _busy(state)


def _replace(store: TableStore, ids: Sequence[str], lines: Sequence[Item]) -> None:
    """Leaves of the rows with these ids just the `lines`; writes only what differs. What the customer said of a line
    stays."""
    there = {item["id"]: item for item in store.get_many(PURCHASE_TABLE, ids)}
    wanted = {line["id"]: {**_said(there.get(line["id"]), line), **line} for line in lines}
    differing = [line for key, line in wanted.items() if there.get(key) != line]
    superseded = sorted(there.keys() - wanted.keys())
    if differing:
        store.put_many(PURCHASE_TABLE, differing)
    if superseded:
        store.delete_many(PURCHASE_TABLE, superseded)


def _said(stored: Item | None, line: Item) -> Item:
    if stored is None or stored.get("customerId") != line["customerId"]:
        return {}
    return {name: stored[name] for name in ("rating", "review") if name in stored}


def _imported_ids(store: TableStore, stated: Item, now: datetime) -> set[str]:
    """The ids of rows that the order has although no document was applied: they were imported and written to the table
    from there. Rows of the customer from before the order was placed are not looked at."""
    earliest = iso(datetime.fromisoformat(stated["orderDate"]) - MOVED)
    found: set[str] = set()
    cursor = None
    while True:
        page = store.query(PURCHASE_TABLE, INDEX, stated["customerId"], now=now, limit=500, cursor=cursor)
        found.update(item["id"] for item in page.items if item.get("orderId") == stated["id"])
        cursor = page.cursor
        if cursor is None or page.items[-1]["purchaseDate"] < earliest:
            return found


def _rank(state: Mapping[str, Any]) -> tuple[str, int, str]:
    return state["changedAt"], _RANKS[state["status"]], state["content"]


def _busy(state: Item) -> UnavailableError:
    return UnavailableError(f"the order {state['id']!r} is being changed again and again", hint="Apply it again later.")
