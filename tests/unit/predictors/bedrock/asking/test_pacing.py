"""Pacing against services in simulated time: how much of a quota is used, and what refusals cost."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from omnix_cli.predictors.bedrock.asking.pacing import Entry, Pacing

Admits = Callable[[float], bool]


class TokenBucket:
    """Admits so many a minute, and what was saved up over some seconds."""

    def __init__(self, per_minute: float, saved_seconds: float) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate * saved_seconds)
        self._saved, self._seen = self._most, 0.0

    def __call__(self, now: float) -> bool:
        self._saved = min(self._most, self._saved + (now - self._seen) * self._rate)
        self._seen = now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class FixedWindows:
    """Admits so many in each window of time, and then none until it is over."""

    def __init__(self, per_minute: float, window_seconds: float) -> None:
        self._most, self._seconds = per_minute / 60 * window_seconds, window_seconds
        self._window, self._used = 0, 0

    def __call__(self, now: float) -> bool:
        window = int(now // self._seconds)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        return self._used <= self._most


class WakeUpLater(Exception):
    """In place of a sleep."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def wake_up_later(seconds: float) -> None:
    raise WakeUpLater(seconds)


@dataclass
class Simulation:
    """Workers that ask a service at Pacing's pace; threads wake up late by up to `late` seconds."""

    admits: Admits
    answer_seconds: float = 0.005
    workers: int = 16
    per_minute: float | None = None
    late: float = 0.002
    now: float = 0.0
    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    most_in_a_row: int = 0

    def run(self, seconds: float) -> Simulation:
        pacing = Pacing(self.per_minute, clock=lambda: self.now)
        drawn, order = random.Random(1), count()
        events: list[tuple[float, int, str, Entry | None]] = []

        def then(after: float, what: str, entry: Entry | None = None) -> None:
            heapq.heappush(events, (self.now + after, next(order), what, entry))

        for _ in range(self.workers):
            then(0.0, "enter")
        while events[0][0] < seconds:
            self.now, _, what, entry = heapq.heappop(events)
            if entry is None:
                try:
                    then(0.001 + drawn.random() * self.late, "arrive", pacing.enter(sleep=wake_up_later))
                except WakeUpLater as later:
                    then(later.seconds + drawn.random() * self.late, "enter")
            elif what == "arrive" and self.admits(self.now):
                self.admitted.append(self.now)
                then(self.answer_seconds * (0.5 + drawn.random()), "answer", entry)
            elif what == "arrive":
                self.refused.append(self.now)
                then(0.001, "refusal", entry)
            else:
                (pacing.admitted if what == "answer" else pacing.throttled)(entry)
                self.most_in_a_row = max(self.most_in_a_row, pacing.refusals)
                then(0.0, "enter")
        return self

    def used(self, per_minute: float, seconds: float) -> float:
        return len(self.admitted) / (per_minute / 60 * seconds)

    @property
    def refused_share(self) -> float:
        return len(self.refused) / (len(self.refused) + len(self.admitted))


@pytest.mark.parametrize("answer_seconds", [0.005, 0.5, 2.0])
@pytest.mark.parametrize("per_minute", [300, 600, 1200])
def test_nearly_all_that_is_admitted_is_used(per_minute: float, answer_seconds: float) -> None:
    workers = max(16, int(2 * per_minute / 60 * answer_seconds))
    ran = Simulation(TokenBucket(per_minute, 1.0), answer_seconds, workers).run(20)
    assert ran.used(per_minute, 20) >= 0.95
    assert ran.refused_share < 0.6


def test_the_pace_is_found_within_a_second() -> None:
    ran = Simulation(TokenBucket(600, 1.0)).run(20)
    assert sum(moment < 1 for moment in ran.refused) < 50
    assert sum(1 < moment < 3 for moment in ran.admitted) >= 18


@pytest.mark.parametrize("answer_seconds", [0.005, 1.0])
def test_a_quota_that_comes_by_the_minute_is_used_and_not_given_up(answer_seconds: float) -> None:
    ran = Simulation(FixedWindows(600, 60), answer_seconds).run(240)
    assert ran.used(600, 240) >= 0.95
    assert ran.most_in_a_row <= 8
    assert ran.refused_share < 0.2


def test_a_small_quota_and_slow_answers() -> None:
    ran = Simulation(TokenBucket(6, 60), answer_seconds=4.0).run(300)
    assert ran.used(6, 300) >= 0.95
    assert ran.most_in_a_row <= 8


def test_nothing_that_cannot_be_saved_up() -> None:
    """The hardest case: each request must fall into its own tenth of a second."""
    assert Simulation(TokenBucket(600, 0.0)).run(20).used(600, 20) >= 0.7


def test_a_configured_quota_is_kept_and_used() -> None:
    ran = Simulation(TokenBucket(600, 1.0), per_minute=600).run(20)
    assert ran.used(600, 20) >= 0.97
    assert ran.refused_share < 0.02
    beyond = Simulation(lambda now: True, per_minute=600).run(20)
    assert 0.97 <= beyond.used(600, 20) <= 1.02


def test_refusals_at_random_do_not_slow_it_down() -> None:
    drawn = random.Random(2)
    free = len(Simulation(lambda now: True, answer_seconds=0.1).run(20).admitted)
    with_some = Simulation(lambda now: drawn.random() >= 0.04, answer_seconds=0.1).run(20)
    assert len(with_some.admitted) >= 0.85 * free


def test_it_recovers_when_more_is_admitted() -> None:
    slow, fast = TokenBucket(300, 1.0), TokenBucket(3000, 1.0)
    ran = Simulation(lambda now: (slow if now < 10 else fast)(now)).run(40)
    assert sum(moment > 25 for moment in ran.admitted) >= 0.9 * 50 * 15


def test_a_service_that_admits_nothing_is_asked_less_and_less() -> None:
    ran = Simulation(lambda now: False).run(120)
    assert len([moment for moment in ran.refused if moment > 1]) < 15
    assert len([moment for moment in ran.refused if moment > 60]) <= 4
    assert ran.most_in_a_row >= 8


def test_one_goes_ahead_after_a_time_without_any() -> None:
    ran = Simulation(lambda now: not 2 < now < 20, workers=16).run(40)
    gap = [moment for moment in ran.refused if 4 < moment < 20]
    assert 1 <= len(gap) <= 8
    assert sum(moment > 30 for moment in ran.admitted) > 100


def test_waiting_ends_when_the_sleep_raises() -> None:
    pacing = Pacing(per_minute=1, clock=lambda: 0.0)
    with pytest.raises(WakeUpLater) as raised:
        pacing.enter(wake_up_later)
    assert raised.value.seconds == 1.0, "it looks again at least once a second"
