"""How fast to ask: as fast as the service admits, found out by being refused now and then.

The rate falls by a tenth when the service throttles more than one request in ten, at most once a second, and rises by
a tenth a second while it does not: a sawtooth (AIMD) around what is admitted. How many questions are under way at a
time follows from the rate, since each takes as long as it takes; the number of workers bounds it.

When nothing at all is admitted, everybody cools down, ever longer, and then one goes ahead to try.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_FALL, _RISE = 0.9, 0.1
_REFUSED_SHARE = 0.1
"""A service that refuses a few at random, for reasons of its own, is not asked more slowly for it."""
_WINDOW_SECONDS = 2.0
"""The time over which is counted what was admitted."""
_SAVED_SECONDS = 0.25
"""What late threads may make good for."""
_SLOWEST = 1 / 60
"""Requests a second; quotas are whole requests a minute."""
_FIRST_COOLING, _COOLING_GROWTH, _LONGEST_COOLING = 0.2, 3.0, 30.0
"""Seconds. Quotas are per minute: the coolings after eight refusals in a row take longer than that together."""
_LONGEST_LOOK = 1.0
_NEXT_LOOK = 0.05
"""How often those look who wait for the one that tries."""


@dataclass(eq=False)
class Entry:
    """A request that was let go at this second."""

    at: float
    is_refused: bool = False


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
        self.refusals = 0
        """In a row, without one request admitted; those under way together count once."""
        self._began = self._last = self._risen = self._cool_until = self._refused = self.clock()
        self._fell = self._began - 1.0
        self._trying: Entry | None = None
        self._sent: deque[Entry] = deque()

    def enter(self, sleep: Callable[[float], object] = time.sleep) -> Entry:
        """Waits until a request may be sent; how it ends is to be told with `admitted`, `throttled` or `lost`.

        `sleep` may raise, which ends the waiting of whoever is to stop."""
        while not isinstance(place := self._place(), Entry):
            sleep(place)
        return place

    def admitted(self, entry: Entry) -> None:
        """The service took the request on, whatever became of it then."""
        with self._lock:
            self.refusals = 0
            self._trying = None

    def lost(self, entry: Entry) -> None:
        """Nothing is known of what the service made of the request."""
        with self._lock:
            self._end_trying(entry)

    def throttled(self, entry: Entry) -> None:
        """The service refused the request as one too many."""
        with self._lock:
            now = self.clock()
            entry.is_refused = True
            self._end_trying(entry)
            self._fall(now)
            if self.refusals == 0 or entry.at >= self._refused:
                self.refusals += 1
                self._refused = now
                self._cool_until = now + self._cooling()

    def _place(self) -> Entry | float:
        """A place to go now, or the seconds after which to look again."""
        with self._lock:
            now = self.clock()
            if now < self._cool_until:
                return self._cool_until - now
            if self.refusals > 1 and self._trying:
                return _NEXT_LOOK
            self._rise(now)
            if self.rate is not None:
                due = max(self._last + 1 / self.rate, now - _SAVED_SECONDS)
                if due > now:
                    return min(due - now, _LONGEST_LOOK)
                self._last = due
            entry = Entry(now)
            self._sent.append(entry)
            self._trying = entry if self.refusals > 1 else None
            return entry

    def _rise(self, now: float) -> None:
        while self._sent and self._sent[0].at < now - _WINDOW_SECONDS:
            self._sent.popleft()
        if self.rate is not None:
            risen = self.rate * (1 + _RISE * min(now - self._risen, 1.0))
            self.rate = risen if self._limit is None else min(risen, self._limit)
        self._risen = now

    def _fall(self, now: float) -> None:
        admitted = sum(not entry.is_refused for entry in self._sent)
        if now - self._fell < 1.0 or len(self._sent) - admitted <= _REFUSED_SHARE * len(self._sent):
            return
        used = admitted / min(_WINDOW_SECONDS, max(now - self._began, 0.1))
        rate = max(used, 1.0) if self.rate is None else self.rate
        # Far less was admitted than the rate would have it: what was saved up in a quiet time is used up.
        self.rate = max(_SLOWEST, used if 0 < used < rate / 2 else _FALL * rate)
        self._fell = self._risen = now

    def _cooling(self) -> float:
        """Seconds; none after one refusal, as the rate has fallen for that."""
        if self.refusals < 2:
            return 0.0
        longest = min(_LONGEST_COOLING, _FIRST_COOLING * _COOLING_GROWTH ** (self.refusals - 2))
        return longest * (0.75 + 0.25 * self.random.random())

    def _end_trying(self, entry: Entry) -> None:
        if self._trying is entry:
            self._trying = None
