"""Simulated shops: everything that happens to their receipts, and, with all of that in view, the lines that stand.

Nothing here knows how omnix tells lines apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from hypothesis import strategies as st

START = datetime(2019, 3, 1, 8)
PRODUCTS = ("milk", "tea", "jam")
PLACEHOLDERS = ("0", "-", "n/a")

Numbering = Literal["chain", "daily", "shops", "mixed"]
"""How receipts are numbered: through the whole chain; from 1 again each day in each shop; from 1 in each shop; or with
subscriptions, placeholders and receipts without a number among them."""

Standing = tuple[str, str | None, date, str, str, str, float, int]
"""A line that stands: shop, order, day, customer, product, kind, quantity, total in cents."""


@dataclass(frozen=True)
class Line:
    """A line of a receipt, by its number there; it keeps the number for ever."""

    number: int
    product: str
    quantity: int
    cancelled: bool = False

    @property
    def cents(self) -> int:
        return 125 * self.quantity


@dataclass(frozen=True)
class Receipt:
    """A receipt as it is at some time."""

    key: int
    shop: str
    number: str
    at: datetime
    customer: str
    lines: tuple[Line, ...]
    returned: bool = False
    cancelled: bool = False

    @property
    def order(self) -> str | None:
        """Its number, if that is one."""
        return self.number if self.number and self.number not in PLACEHOLDERS else None

    @property
    def standing(self) -> Iterator[Line]:
        return (line for line in self.lines if not (self.cancelled or line.cancelled))


@dataclass(frozen=True)
class Event:
    """What happened to a receipt, and how it is from then on; a sale and a return make a receipt."""

    at: datetime
    what: str
    receipt: Receipt


Events = tuple[Event, ...]


def state(events: Sequence[Event], until: datetime | None = None) -> dict[int, Event]:
    """The last event of each receipt up to a time."""
    return {event.receipt.key: event for event in events if until is None or event.at < until}


def oracle(events: Sequence[Event]) -> Counter[Standing]:
    """The lines that stand when all is said."""
    return Counter(
        (
            receipt.shop,
            receipt.order,
            receipt.at.date(),
            receipt.customer,
            line.product,
            "return" if receipt.returned else "purchase",
            float(line.quantity),
            line.cents,
        )
        for receipt in (event.receipt for event in state(events).values())
        for line in receipt.standing
    )


CHANGES = ("edit", "add", "remove", "cancel", "complete", "claim")


@st.composite
def streams(
    draw: st.DrawFn,
    *,
    numberings: Sequence[Numbering] = ("chain", "daily", "shops", "mixed"),
    changes: Sequence[str] = CHANGES,
    equal_lines: bool = True,
) -> Events:
    """The events of one or two shops in a few days. `changes` are those that happen to receipts; without `equal_lines`
    no receipt has a line twice."""
    numbering = draw(st.sampled_from(numberings))
    shops = draw(st.sampled_from([("north",), ("north", "south")]))
    steps = st.sampled_from(["sale", "sale", "sale", "return", "exchange", *changes])
    events: list[Event] = []
    now, counts = START, Counter[str]()
    for _ in range(draw(st.integers(2, 16))):
        now += timedelta(minutes=draw(st.sampled_from([0, 1, 7, 600, 1200, 1440])))
        step = draw(steps)
        receipts = [event.receipt for event in state(events).values()]
        if step == "sale" or not receipts:
            shop = draw(st.sampled_from(shops))
            number = _number(draw, numbering, counts, shop, now)
            served = {one.customer for one in receipts if (one.shop, one.at) == (shop, now)}
            buyers = ["A", "B", "C", f"guest-{len(receipts)}"]
            customer = draw(st.sampled_from([one for one in buyers if one not in served]))
            lines = _lines(draw, equal_lines)
            events.append(Event(now, "sale", Receipt(len(receipts), shop, number, now, customer, lines)))
            continue
        now += timedelta(minutes=now == events[-1].at)
        receipt = draw(st.sampled_from(receipts))
        if step in ("return", "exchange"):
            returned = _returned(draw, receipt, len(receipts), now)
            if returned is None or any(_same_key(returned, other) for other in receipts):
                continue
            events.append(Event(now, "return", returned))
            if step == "exchange":
                now += timedelta(minutes=1)
                number = _number(draw, numbering, counts, receipt.shop, now)
                sale = Receipt(len(receipts) + 1, receipt.shop, number, now, receipt.customer, _lines(draw, False))
                events.append(Event(now, "sale", sale))
            continue
        changed = _CHANGED[step](draw, receipt, equal_lines)
        if changed is not None and changed != receipt:
            events.append(Event(now, step, changed))
    return tuple(events)


def _number(draw: st.DrawFn, numbering: Numbering, counts: Counter[str], shop: str, now: datetime) -> str:
    scope = {"daily": f"{shop} {now.date()}", "shops": shop}.get(numbering, "chain")
    counts[scope] += 1
    if numbering != "mixed":
        return str(counts[scope])
    subscription = f"subscription {shop} {now.date()}"
    others = [] if counts[subscription] else ["S-1"]
    number = draw(st.sampled_from([str(counts[scope]), *others, "", *PLACEHOLDERS]))
    counts[subscription] += number == "S-1"
    return number


def _lines(draw: st.DrawFn, equal_lines: bool) -> tuple[Line, ...]:
    one = st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 3))
    chosen = draw(st.lists(one, min_size=1, max_size=5, unique=not equal_lines))
    return tuple(Line(number, product, quantity) for number, (product, quantity) in enumerate(chosen, 1))


def _returned(draw: st.DrawFn, sold: Receipt, key: int, now: datetime) -> Receipt | None:
    """A receipt that takes some lines back, with the number of the sale or one of its own."""
    lines = list(sold.standing)
    if sold.returned or not lines:
        return None
    line = draw(st.sampled_from(lines))
    back = Line(1, line.product, draw(st.integers(1, line.quantity)))
    number = draw(st.sampled_from([sold.number, f"R-{key}"]))
    return Receipt(key, sold.shop, number, now, sold.customer, (back,), returned=True)


def _same_key(one: Receipt, other: Receipt) -> bool:
    return (one.shop, one.number, one.at, one.returned) == (other.shop, other.number, other.at, other.returned)


def _edit(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    """Another quantity of a line."""
    if not receipt.order or receipt.cancelled:
        return None
    lines = [line for line in receipt.lines if not line.cancelled]
    if not lines:
        return None
    line = draw(st.sampled_from(lines))
    edited = replace(line, quantity=draw(st.integers(1, 4)))
    return _with(receipt, edited, equal_lines)


def _add(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    if not receipt.order or receipt.cancelled or len(receipt.lines) > 5:
        return None
    line = Line(len(receipt.lines) + 1, draw(st.sampled_from(PRODUCTS)), draw(st.integers(1, 3)))
    return _with(receipt, line, equal_lines)


def _remove(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    lines = list(receipt.standing)
    if len(lines) < 2:
        return None
    line = draw(st.sampled_from(lines))
    return replace(receipt, lines=tuple(replace(a, cancelled=a.cancelled or a == line) for a in receipt.lines))


def _cancel(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    return replace(receipt, cancelled=True)


def _complete(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    return replace(receipt, cancelled=False)


def _claim(draw: st.DrawFn, receipt: Receipt, equal_lines: bool) -> Receipt | None:
    """The order of a guest becomes that of an account."""
    if not receipt.order or not receipt.customer.startswith("guest"):
        return None
    return replace(receipt, customer=draw(st.sampled_from("AB")))


def _with(receipt: Receipt, line: Line, equal_lines: bool) -> Receipt | None:
    others = tuple(other for other in receipt.lines if other.number != line.number)
    if not equal_lines and any((line.product, line.quantity) == (o.product, o.quantity) for o in others):
        return None
    return replace(receipt, lines=tuple(sorted((*others, line), key=lambda a: a.number)))


_CHANGED: dict[str, Callable[[st.DrawFn, Receipt, bool], Receipt | None]] = {
    "edit": _edit,
    "add": _add,
    "remove": _remove,
    "cancel": _cancel,
    "complete": _complete,
    "claim": _claim,
}
