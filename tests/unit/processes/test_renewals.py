from __future__ import annotations

import threading

import pytest

from omnix_cli.errors import LockedError, UnavailableError
from omnix_cli.processes.renewals import keep_renewing


def test_a_lease_is_renewed_until_it_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """An error that may pass is told, and the next renewal tried."""
    outcomes = iter([None, UnavailableError("no answer"), None, LockedError("another one has it")])
    busy, held = threading.Lock(), []

    def renew() -> None:
        held.append(busy.locked())
        if error := next(outcomes):
            raise error

    keep_renewing(renew, "the lock", every=0.001, busy=busy, done=threading.Event())
    assert held == [True] * 4
    assert caplog.messages == ["the lock could not be renewed: no answer", "another one has it"]


def test_nothing_is_renewed_when_the_work_is_done() -> None:
    done = threading.Event()
    done.set()
    keep_renewing(pytest.fail, "the lock", every=60, busy=threading.Lock(), done=done)


def test_work_that_ends_while_the_lease_is_busy_is_not_renewed() -> None:
    busy, done = threading.Lock(), threading.Event()
    renewed: list[bool] = []
    with busy:
        renewing = threading.Thread(
            target=keep_renewing,
            args=(lambda: renewed.append(True), "the lock"),
            kwargs={"every": 0.001, "busy": busy, "done": done},
        )
        renewing.start()
        renewing.join(0.05)  # it waits for the lock by now
        done.set()
    renewing.join(10)
    assert not renewing.is_alive()
    assert renewed == []
