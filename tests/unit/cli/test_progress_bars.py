"""Progress on a terminal and in a log."""

from __future__ import annotations

import logging

import pytest

from omnix_cli.cli.progress_bars import ProgressBar, ProgressLog, on_stderr, on_terminal
from omnix_cli.protocols.progress import NO_PROGRESS, shown


def test_without_a_terminal_it_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    progress = on_stderr()
    assert isinstance(progress, ProgressLog)
    with caplog.at_level(logging.INFO), shown(progress, "products", 5):
        progress.advance(3)
        progress.advance(2)
    (record,) = caplog.records
    assert (record.message, vars(record)["table"], vars(record)["items"]) == ("items done", "products", 5)


def test_a_bar_counts_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressBar()
    with shown(progress, "products", 5):
        progress.advance(3)
    printed = capsys.readouterr()
    assert "products" in printed.err
    assert "3/5" in printed.err
    assert printed.out == ""


def test_the_bar_of_a_step_is_only_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_terminal() is NO_PROGRESS
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(on_terminal(), ProgressBar)


def test_a_bar_may_vanish_when_its_work_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(ProgressBar(stays=False), "rhythms", 5):
        pass
    assert "5" not in capsys.readouterr().err
