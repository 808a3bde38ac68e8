"""How fast to ask: as fast as the service admits, found out by being refused now and then.

The rate falls by a tenth when the service throttles more than a few requests, and by half each time it throttles
several in a row. Then it climbs to where it was, at first fast and then carefully, and beyond it faster and faster
until it is refused again: the curve of CUBIC (RFC 9438), which boto3's adaptive mode follows too. How many questions
are under way at a time follows from the rate, since each takes as long as it takes; the number of workers bounds it.

When nothing at all is admitted, everybody cools down, ever longer, and then one goes ahead to try.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_FEWEST, _FEW = 2, 0.1
"""So many refused requests, and this share of them, are borne: a service that refuses some at random, for reasons of
its own, is not asked more slowly for it."""
_COUNT_SECONDS, _COUNT_REQUESTS = 2.0, 10
"""They are counted over this time, and over so many requests."""
_FALL, _HALF = 0.9, 0.5
_CLIMB_SECONDS, _CLIMB_REQUESTS = 2.0, 3
"""How long it takes to climb back; where requests are rare, as long as so many of them."""
_AGAIN = 0.2
"""The share of the time between two requests after which a refused one is tried again: its place may just come."""
_SAVED_SECONDS = 0.25
"""What late threads may make good for."""
_SLOWEST = 1 / 60
"""Requests a second; quotas are whole requests a minute."""
_REFUSED_WITHIN = 1.0
"""Seconds; what is under way longer was admitted."""
_GENTLE, _HALVINGS = 2, 5
"""So many refusals in a row lower the rate by a tenth, if at all; so many more halve it; then everybody cools down."""
_FIRST_COOLING, _COOLING_GROWTH, _LONGEST_COOLING = 0.3, 2.5, 20.0
"""Seconds. Quotas are per minute: eight coolings take longer than that together."""
_LONGEST_LOOK, _NEXT_LOOK = 1.0, 0.05
"""How often those look who wait for their turn, or for the one that tries."""


@dataclass(eq=False)
class Entry:
    """A request that was let go at this second."""

    at: float


@dataclass
class Pacing:
    """The pace of all workers together; `per_minute` bounds it."""

    per_minute: float | None = None
    clock: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=lambda: random.Random(0))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._limit = None if self.per_minute is None else self.per_minute / 60
        self.rate = self._limit
        """Requests a second; None: as fast as the workers can."""
        self._row = 0  # refusals without one request admitted; those under way together count once
        now = self.clock()
        self._last = self._cool_until = self._refused_at = self._counted_from = now
        self._fell_at = now
        self._fell_from = self._fell_to = self.rate or 0.0
        self._sent = self._refused = 0
        self._under_way: set[Entry] = set()
        self._trying: Entry | None = None

    @property
    def refusals(self) -> int:
        """How often in a row everybody cooled down and then nothing was admitted."""
        return max(0, self._row - _GENTLE - _HALVINGS)

    def enter(self, sleep: Callable[[float], object] = time.sleep) -> Entry:
        """Waits until a request may be sent; how it ends is to be told with `admitted`, `throttled` or `lost`.

        `sleep` may raise, which ends the waiting of whoever is to stop."""
        while not isinstance(place := self._place(), Entry):
            sleep(place)
        return place

    def admitted(self, entry: Entry) -> None:
        """The service took the request on, whatever became of it then."""
        with self._lock:
            self._leave(entry)
            self._row = 0

    def lost(self, entry: Entry) -> None:
        """Nothing is known of what the service made of the request."""
        with self._lock:
            self._leave(entry)

    def throttled(self, entry: Entry) -> None:
        """The service refused the request as one too many."""
        with self._lock:
            now = self.clock()
            self._leave(entry)
            self._refused += 1
            if self._row and entry.at < self._refused_at:
                return  # it was under way together with one that was refused
            self._row += 1
            self._refused_at = now
            if self._row <= _GENTLE + _HALVINGS:
                self._fall(now)
            else:
                self._cool_until = now + self._cooling()

    def _place(self) -> Entry | float:
        """A place to go now, or the seconds after which to look again."""
        with self._lock:
            now = self.clock()
            if now < self._cool_until:
                return self._cool_until - now
            if self._row and any(self._refused_at < one.at < now - _REFUSED_WITHIN for one in self._under_way):
                self._row = 0
            if self._row > 1 and self._trying:
                return _NEXT_LOOK
            self._climb(now)
            if self.rate is not None:
                due = max(self._last + 1 / self.rate, now - _SAVED_SECONDS)
                if due > now:
                    return min(due - now, _LONGEST_LOOK)
                self._last = due
            return self._let_go(now)

    def _let_go(self, now: float) -> Entry:
        if now - self._counted_from > _COUNT_SECONDS and self._sent >= _COUNT_REQUESTS:
            self._sent, self._refused, self._counted_from = 0, 0, now
        entry = Entry(now)
        self._sent += 1
        self._under_way.add(entry)
        self._trying = entry if self._row > 1 else None
        return entry

    def _leave(self, entry: Entry) -> None:
        self._under_way.discard(entry)
        if self._trying is entry:
            self._trying = None

    def _climb(self, now: float) -> None:
        if self.rate is None or self.rate == self._limit:
            return
        beyond = (now - self._fell_at) / max(_CLIMB_SECONDS, _CLIMB_REQUESTS / self._fell_to) - 1
        rate = self._fell_from + (self._fell_from - self._fell_to) * beyond**3
        self.rate = rate if self._limit is None else min(rate, self._limit)

    def _fall(self, now: float) -> None:
        rate = self.rate or self._sent / max(now - self._counted_from, 0.1)
        is_first = self._row <= _GENTLE
        if is_first and self._refused <= max(_FEWEST, _FEW * self._sent):
            return
        self._fell_from, self._fell_at, self._counted_from = max(rate, 2 * _SLOWEST), now, now
        self._fell_to = self.rate = max(_SLOWEST, rate * (_FALL if is_first else _HALF))
        self._last = now - (1 - _AGAIN) / self.rate if is_first else now
        self._sent = self._refused = 0

    def _cooling(self) -> float:
        longest = min(_LONGEST_COOLING, _FIRST_COOLING * _COOLING_GROWTH ** (self.refusals - 1))
        return longest * (0.85 + 0.15 * self.random.random())
