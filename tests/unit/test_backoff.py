"""How long to wait before a request is sent again."""

from __future__ import annotations

from random import Random

from omnix_cli.backoff import full_jitter


class HighestRandom(Random):
    def random(self) -> float:
        return 1.0


def test_the_longest_wait_doubles_until_the_cap() -> None:
    waits = [full_jitter(attempt, base=0.5, cap=3.0, random=HighestRandom()) for attempt in range(5)]
    assert waits == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_waits_are_spread_from_nothing_to_the_longest() -> None:
    random = Random(1)
    waits = [full_jitter(0, base=1.0, cap=20.0, random=random) for _ in range(2_000)]
    assert 0 <= min(waits) < 0.01
    assert 0.99 < max(waits) <= 1
    assert abs(sum(waits) / len(waits) - 0.5) < 0.03
