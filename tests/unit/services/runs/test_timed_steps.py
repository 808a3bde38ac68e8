from __future__ import annotations

import time
from threading import Event

import pytest

from omnix_cli.protocols.progress import NO_PROGRESS
from omnix_cli.services.runs.timed_steps import timed


class Seen:
    """Keeps what it is told, and says when it was told to begin."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.began = Event()

    def begin(self, name: str, total: int) -> None:
        self.told.append((name, total))
        self.began.set()

    def advance(self, done: int) -> None:
        self.told.append(("done", done))

    def end(self) -> None:
        self.told.append(("end", 0))


def test_long_work_shows_the_seconds_that_it_is_expected_to_take() -> None:
    seen = Seen()
    with timed(seen, "rhythms", 6.2, patience=0):
        assert seen.began.wait(10)
        time.sleep(1.2)
    assert seen.told[0] == ("rhythms", 7)
    assert ("done", 1) in seen.told
    assert seen.told[-1] == ("end", 0)


def test_nobody_knows_how_long_it_takes() -> None:
    seen = Seen()
    with timed(seen, "import purchases", 0, patience=0):
        assert seen.began.wait(10)
    assert seen.told[0] == ("import purchases", 0)


def test_short_work_shows_nothing() -> None:
    seen = Seen()
    with timed(seen, "rhythms", 5):
        pass
    assert not seen.told


def test_what_fails_ends_its_progress() -> None:
    seen = Seen()
    with pytest.raises(ValueError, match="broken"), timed(seen, "rhythms", 5, patience=0):
        assert seen.began.wait(10)
        raise ValueError("broken")
    assert seen.told[-1] == ("end", 0)


def test_nothing_is_started_where_nobody_looks() -> None:
    with timed(NO_PROGRESS, "rhythms", 5, patience=0):
        pass
