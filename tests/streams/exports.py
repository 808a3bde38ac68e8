"""What the systems of a shop export of its events, night after night, and how that comes in files and imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from hypothesis import strategies as st

from tests.streams.shops import Event, Events, Line, Receipt, state

CANCELLED = ("cancelled", "Voided")


class Export(NamedTuple):
    """How a system exports its orders.

    Each night has the orders that changed in the last `days` (None: all orders), as they are then; a `log` has instead
    all that happened in these days, an order again each time. Lines that were removed are there as cancelled ones,
    unless orders are `whole`; then they are left out."""

    days: int | None = 1
    log: bool = False
    documents: bool = False
    whole: bool = False
    ids: Literal["", "line", "purchase_id"] = ""
    changed_at: bool = False

    @property
    def mapping(self) -> dict[str, Any]:
        """The mapping of such files."""
        columns = {"changed_at": "changed"} if self.changed_at else {}
        columns |= {"line": "number"} if self.ids == "line" else {}
        common = {"cancelled": {"status": list(CANCELLED)}, "returns": {"negative_quantity": True}, "columns": columns}
        if not self.documents:
            return {**common, "whole_orders": True} if self.whole else common
        items = {name: f"items.{name}" for name in ("product_id", "quantity", "total_price")}
        return {**common, "items": "items", "columns": columns | items}


@dataclass(frozen=True)
class Row:
    """A row of a night's export: a line (of a document: all lines) of a receipt as it was after an event."""

    event: Event
    line: Line | None
    night: datetime

    @property
    def receipt(self) -> Receipt:
        return self.event.receipt

    @property
    def is_cancelled(self) -> bool:
        return self.receipt.cancelled or (self.line is not None and self.line.cancelled)


Rows = tuple[Row, ...]


def nights(events: Events, export: Export) -> Iterator[Rows]:
    """The rows of each night's export, until the last event is in it; nights without rows have no file."""
    midnight = datetime.combine(events[0].at.date(), time())
    while midnight <= events[-1].at:
        midnight += timedelta(days=1)
        first = datetime.min if export.days is None else midnight - timedelta(days=export.days)
        if export.log:
            chosen = [event for event in events if first <= event.at < midnight]
        else:
            last = state(events, midnight).values()
            chosen = sorted((one for one in last if one.at >= first), key=lambda one: (one.receipt.at, one.receipt.key))
        before = _before(events) if export.log else {}
        rows = tuple(row for event in chosen for row in _rows(event, export, before.get(event), midnight))
        if rows:
            yield rows


def _before(events: Sequence[Event]) -> dict[Event, Receipt]:
    """Each receipt as it was before an event."""
    last: dict[int, Receipt] = {}
    found = {}
    for event in events:
        if event.receipt.key in last:
            found[event] = last[event.receipt.key]
        last[event.receipt.key] = event.receipt
    return found


def _rows(event: Event, export: Export, before: Receipt | None, night: datetime) -> Iterator[Row]:
    """The lines of a receipt; those that changed, if it is known how it was before."""
    if export.documents:
        yield Row(event, None, night)
        return
    was = {(line, line.cancelled or before.cancelled, before.customer) for line in before.lines} if before else set()
    for line in event.receipt.lines:
        row = Row(event, line, night)
        left_out = export.whole and event.receipt.order and line.cancelled and not event.receipt.cancelled
        if not left_out and (line, row.is_cancelled, event.receipt.customer) not in was:
            yield row


def content(rows: Sequence[Row], export: Export) -> str:
    """The text of a file."""
    if export.documents:
        return "".join(orjson.dumps(_document(row.event)).decode() + "\n" for row in rows)
    text = io.StringIO()
    names = [name for name, _ in _fields(rows[0], export)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([value for _, value in _fields(row, export)] for row in rows)
    return text.getvalue()


def write(rows: Sequence[Row], export: Export, path: Path) -> Path:
    """Writes a file."""
    path = path.with_suffix(".ndjson" if export.documents else ".csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content(rows, export))
    return path


def _fields(row: Row, export: Export) -> Iterator[tuple[str, str]]:
    receipt, line = row.receipt, row.line
    assert line is not None
    sign = -1 if receipt.returned else 1
    yield "customer_id", receipt.customer
    yield "product_id", line.product
    yield "order_id", receipt.number
    yield "purchased_at", f"{receipt.at:%Y-%m-%d %H:%M}"
    yield "quantity", str(sign * line.quantity)
    yield "total_price", f"{sign * line.cents / 100:.2f}"
    yield "store_location", receipt.shop
    yield "status", CANCELLED[receipt.key % 2].upper() if row.is_cancelled else "completed"
    if export.ids == "line":
        yield "number", str(line.number)
    if export.ids == "purchase_id":
        yield "purchase_id", f"{receipt.key}-{line.number}"
    if export.changed_at:
        yield "changed", f"{row.event.at:%Y-%m-%d %H:%M}"


def _document(event: Event) -> dict[str, Any]:
    receipt = event.receipt
    sign = -1 if receipt.returned else 1
    return {
        "customer_id": receipt.customer,
        "order_id": receipt.number,
        "purchased_at": f"{receipt.at:%Y-%m-%dT%H:%M:00}",
        "store_location": receipt.shop,
        "status": CANCELLED[receipt.key % 2] if receipt.cancelled else "completed",
        "changed": f"{event.at:%Y-%m-%dT%H:%M:00}",
        "items": [
            {
                "product_id": line.product,
                "quantity": sign * line.quantity,
                "total_price": f"{sign * line.cents / 100:.2f}",
            }
            for line in receipt.lines
            if not line.cancelled
        ],
    }


@st.composite
def cut(draw: st.DrawFn, rows: Rows, *, anywhere: bool, most: int = 3) -> tuple[Rows, ...]:
    """The rows of an export in up to so many files more than one, cut anywhere or between receipts only."""
    places = [
        place for place in range(1, len(rows)) if anywhere or rows[place - 1].receipt.key != rows[place].receipt.key
    ]
    chosen = sorted(draw(st.sets(st.sampled_from(places), max_size=most))) if places else []
    edges = [0, *chosen, len(rows)]
    return tuple(rows[low:high] for low, high in pairwise(edges))
