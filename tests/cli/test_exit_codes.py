"""What `main` makes of an error that reaches it: a message, a hint and the exit code of who can help."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.cli import app
from omnix_cli.cli import main as main_command
from omnix_cli.errors import EXIT_CODES
from tests.cli.conftest import Omnix

SHOW = ("show", "due", "--limit", "1", "--format", "csv")


def test_the_help_lists_every_exit_code(omnix: Omnix) -> None:
    text = " ".join(omnix("--help").out.split())
    assert str(app.info.epilog) in text
    for known in EXIT_CODES:
        assert f"{known.code} {known.name}" in text


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        (".", 2, "is a directory"),
        ("nowhere/due.csv", 2, "no such file or directory"),
        ("products.csv/due.csv", 2, "not a directory"),
        ("x" * 300, 2, "file name too long"),
        ("/dev/full", 4, "no space left on device"),
    ],
)
def test_an_output_that_cannot_be_written(ran: Omnix, output: str, code: int, message: str) -> None:
    answer = ran(*SHOW, "--output", output)
    assert answer.code == code, answer.err
    assert message in answer.err.lower()
    assert "hint: " in answer.err
    assert "Traceback" not in answer.err


def test_a_workspace_that_cannot_be_made_is_a_matter_of_configuration(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = omnix("run", "--workspace", "file/inside")
    assert answer.code == 2, answer.err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PermissionError(13, "Permission denied", "prices.toml"), 2, "prices.toml: Permission denied"),
        (ConnectionRefusedError(111, "Connection refused"), 4, "Connection refused"),
        (OSError(28, "No space left on device", "part-0"), 4, "runs prune"),
        (OSError(9, "Bad file descriptor"), 1, "a bug in omnix: OSError"),
        (pl.exceptions.PanicException("out of range"), 1, "a bug in omnix: PanicException: out of range"),
        (ZeroDivisionError("division by zero"), 1, "a bug in omnix: ZeroDivisionError: division by zero"),
    ],
    ids=repr,
)
def test_any_error_becomes_a_message_and_a_code(
    omnix: Omnix, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, text: str
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("omnix_cli.configuration.load_settings", fail)
    answer = omnix("config", "show")
    assert answer.code == code
    assert answer.err.startswith("error: ")
    assert text in answer.err
    kept = re.search(r"traceback in (\S+)\.$", answer.err, re.MULTILINE)
    assert (kept is not None) == (code == 1)
    if kept:
        assert "Traceback" in Path(kept[1]).read_text()
        Path(kept[1]).unlink()


def test_a_signal_promises_nothing_by_itself(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("omnix_cli.configuration.load_settings", interrupted)
    answer = omnix("config", "show")
    assert (answer.code, answer.err) == (130, "error: stopped by SIGTERM\n")


def test_wrong_usage_is_returned_not_raised(capfd: pytest.CaptureFixture[str]) -> None:
    assert main_command(["no-such-command"]) == 2
    assert "No such command" in capfd.readouterr().err
