"""Progress is begun and ended in pairs."""

from __future__ import annotations

import pytest

from omnix_cli.protocols.progress import NO_PROGRESS, shown


class Recorder:
    """Keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def begin(self, name: str, total: int) -> None:
        self.calls.append(("begin", name, total))

    def advance(self, done: int) -> None:
        self.calls.append(("advance", done))

    def end(self) -> None:
        self.calls.append(("end",))


def test_work_is_begun_advanced_and_ended() -> None:
    progress = Recorder()
    with shown(progress, "products", 3):
        progress.advance(2)
    assert progress.calls == [("begin", "products", 3), ("advance", 2), ("end",)]


def test_work_that_fails_is_ended_too() -> None:
    progress = Recorder()
    with pytest.raises(LookupError), shown(progress, "products", 0):
        raise LookupError
    assert progress.calls[-1] == ("end",)


def test_the_default_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(NO_PROGRESS, "products", 3):
        NO_PROGRESS.advance(3)
    assert capsys.readouterr() == ("", "")
