"""The pace of requests: omnix speeds up until the service throttles it, then backs off.

The rate falls by a tenth when the service throttles more than a few requests, and by half when it throttles several in
a row. Then it climbs back, fast at first and slower near the old rate, and beyond it faster and faster until the next
throttling: the curve of CUBIC (RFC 9438), which boto3's adaptive mode follows too. The number of questions under way
follows from the rate and the time of an answer; the number of workers limits it.

When everything is throttled, all workers pause, longer each time, and then one of them tries.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_FEWEST, _FEW = 2, 0.1
"""This many throttled requests, or this share of them, do not lower the rate: some services refuse a few at random."""
_COUNT_SECONDS, _COUNT_REQUESTS = 2.0, 10
"""They are counted over at least this time and this many requests."""
_FALL, _HALF = 0.9, 0.5
_CLIMB_SECONDS, _CLIMB_REQUESTS = 2.0, 3
"""How long it takes to climb back: this time, or the time of this many requests if that is longer."""
_AGAIN = 0.2
"""A throttled request is tried again after this share of the time between two requests."""
_SAVED_SECONDS = 0.25
"""How much lateness threads may catch up."""
_SLOWEST = 1 / 60
"""Requests a second; quotas are whole requests a minute."""
_REFUSED_WITHIN = 1.0
"""Seconds. A request under way for longer was not throttled."""
_GENTLE, _HALVINGS = 2, 5
"""The first refusals in a row, this many, lower the rate by a tenth at most; this many more halve it; then all workers
pause."""
_FIRST_PAUSE, _PAUSE_GROWTH, _LONGEST_PAUSE = 0.3, 2.5, 20.0
"""Seconds of a pause. Quotas are per minute; eight pauses together take longer."""
_LONGEST_CHECK, _NEXT_CHECK = 1.0, 0.05
"""How often waiting workers check again: for their turn, and for the result of the one that tries."""


@dataclass(eq=False)
class Entry:
    """A request that was sent at this second."""

    at: float


@dataclass
class Pacing:
    """The pace of all workers together, at most `per_minute` requests. Thread-safe."""

    per_minute: float | None = None
    clock: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=lambda: random.Random(0))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._limit = None if self.per_minute is None else self.per_minute / 60
        self.rate = self._limit
        """Requests a second; None: as many as the workers can send."""
        self._row = 0  # refusals since the last success; refusals of requests under way together count once
        now = self.clock()
        self._last = self._paused_until = self._refused_at = self._counted_from = now
        self._fell_at = now
        self._fell_from = self._fell_to = self.rate or 0.0
        self._sent = self._refused = 0
        self._under_way: set[Entry] = set()
        self._trying: Entry | None = None

    @property
    def refusals(self) -> int:
        """How many pauses in a row were followed by another refusal."""
        return max(0, self._row - _GENTLE - _HALVINGS)

    def enter(self, sleep: Callable[[float], object] = time.sleep) -> Entry:
        """Waits until a request may be sent. Call `admitted`, `throttled` or `lost` when it has ended.

        `sleep` may raise an exception to end the wait."""
        while not isinstance(turn := self._next_turn(), Entry):
            sleep(turn)
        return turn

    def admitted(self, entry: Entry) -> None:
        """The service accepted the request, whatever its result."""
        with self._lock:
            self._leave(entry)
            self._row = 0

    def lost(self, entry: Entry) -> None:
        """It is unknown whether the service accepted the request."""
        with self._lock:
            self._leave(entry)

    def throttled(self, entry: Entry) -> None:
        with self._lock:
            now = self.clock()
            self._leave(entry)
            self._refused += 1
            if self._row and entry.at < self._refused_at:
                return  # it was under way together with another refused one
            self._row += 1
            self._refused_at = now
            if self._row <= _GENTLE + _HALVINGS:
                self._fall(now)
            else:
                self._paused_until = now + self._pause_seconds()

    def _next_turn(self) -> Entry | float:
        """A request that may be sent now, or the seconds after which to check again."""
        with self._lock:
            now = self.clock()
            if now < self._paused_until:
                return self._paused_until - now
            if self._row and any(self._refused_at < one.at < now - _REFUSED_WITHIN for one in self._under_way):
                self._row = 0
            if self._row > 1 and self._trying:
                return _NEXT_CHECK
            self._climb(now)
            if self.rate is not None:
                due = max(self._last + 1 / self.rate, now - _SAVED_SECONDS)
                if due > now:
                    return min(due - now, _LONGEST_CHECK)
                self._last = due
            return self._send(now)

    def _send(self, now: float) -> Entry:
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

    def _pause_seconds(self) -> float:
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * _PAUSE_GROWTH ** (self.refusals - 1))
        return longest * (0.85 + 0.15 * self.random.random())
