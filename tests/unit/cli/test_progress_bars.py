"""Progress on a terminal and in a log."""

from __future__ import annotations

import logging

import pytest

from omnix_cli.cli.progress_bars import ProgressBar, ProgressLog, on_stderr
from omnix_cli.protocols.progress import shown


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
