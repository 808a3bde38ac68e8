"""When a request is sent again, and how long omnix waits before that."""

from __future__ import annotations

import random

import pytest

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Retries

THROTTLED = ServiceError("ThrottlingException", "slow down", 400)
BROKEN = ServiceError("InternalServerError", "oh", 500)
GONE = ServiceError("ConnectionError", "reset", 0)
WRONG = ServiceError("ValidationException", "no", 400)


class Service:
    """Fails in turn, then answers."""

    def __init__(self, *failures: ServiceError) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def test_what_may_pass_is_tried_again_and_told() -> None:
    heard: list[ServiceError] = []
    service = Service(THROTTLED, BROKEN, GONE)
    assert Retries(sleep=lambda seconds: None).call(service, heard.append) == "answer"
    assert (service.calls, heard) == (4, [THROTTLED, BROKEN, GONE])


def test_what_will_not_pass_is_raised_at_once() -> None:
    service = Service(WRONG)
    with pytest.raises(ServiceError, match="ValidationException"):
        Retries(sleep=lambda seconds: pytest.fail("waited")).call(service)
    assert service.calls == 1


def test_it_gives_up_after_so_many_attempts() -> None:
    slept: list[float] = []
    service = Service(*[BROKEN] * 10)
    with pytest.raises(ServiceError, match="InternalServerError"):
        Retries(attempts=4, sleep=slept.append).call(service)
    assert (service.calls, len(slept)) == (4, 3)


class Always(random.Random):
    """Draws one and the same share."""

    def __init__(self, share: float) -> None:
        super().__init__(0)
        self.share = share

    def random(self) -> float:
        return self.share


def waits(share: float, *, throttled: bool, attempts: int) -> list[float]:
    slept: list[float] = []
    retries = Retries(base=0.5, throttled_base=2.0, longest=20.0, random=Always(share), sleep=slept.append)
    for attempt in range(attempts):
        retries.wait(attempt, throttled=throttled)
    return slept


def test_a_wait_is_a_share_of_a_bound_that_doubles_up_to_the_longest() -> None:
    assert waits(1.0, throttled=False, attempts=8) == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert waits(0.25, throttled=True, attempts=6) == [0.5, 1, 2, 4, 5, 5]
    assert waits(0.0, throttled=True, attempts=3) == [0, 0, 0]
