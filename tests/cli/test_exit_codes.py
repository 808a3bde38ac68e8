"""What `main` makes of an error that reaches it: a message, a hint and the exit code of who can help."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omnix_cli.configuration
from omnix_cli import __version__
from omnix_cli.cli import app
from omnix_cli.cli import main as main_command
from omnix_cli.configuration import LoadedSettings
from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.errors import EXIT_CODES
from omnix_cli.stores.inputs import sources
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


@pytest.mark.parametrize("then", [None, ZeroDivisionError("in a callback"), ConnectionError("lost"), KeyError("k")])
def test_a_signal_that_a_library_swallows_still_ends_with_130(
    omnix: Omnix, monkeypatch: pytest.MonkeyPatch, then: Exception | None
) -> None:
    """Libraries catch what a callback raises: they go on, or make an error of their own of it."""

    def load_settings(**arguments: Any) -> LoadedSettings:
        with suppress(Exception):
            os.kill(os.getpid(), signal.SIGINT)
        if then is not None:
            raise then
        return configuration(**arguments)

    configuration = omnix_cli.configuration.load_settings
    monkeypatch.setattr("omnix_cli.configuration.load_settings", load_settings)
    answer = omnix("config", "show")
    assert answer.code == 130
    assert answer.err == "error: stopped by SIGINT\n"
    monkeypatch.undo()
    assert omnix("config", "show").code == 0, "the next command is not interrupted"


@pytest.mark.parametrize("step", ["read", "step"])
def test_nothing_is_published_after_a_signal_that_was_swallowed(
    shop: Omnix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str
) -> None:
    def swallowing(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with suppress(Exception):
                os.kill(os.getpid(), signal.SIGTERM)
            return function(*arguments, **options)

        return call

    with (tmp_path / "purchases.csv").open("a") as file:
        file.write("c77,milk,c77-1,2017-12-01T10:00:00Z,1,2.50\n")
    where = {"read": (sources.FileSources, "find"), "step": (PolarsEngine, "run")}[step]
    monkeypatch.setattr(*where, swallowing(getattr(*where)))
    monkeypatch.setenv("OMNIX_IMPORTS__SOURCES", '[{"kind": "purchases", "files": ["purchases.csv"]}]')
    answer = shop("run")
    assert answer.code == 130, answer.err
    assert "continues where it stopped" in answer.err
    assert not (tmp_path / ".omnix" / "store.sqlite").exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert shop("run").code == 0


def test_a_signal_while_python_ends_gives_130(tmp_path: Path) -> None:
    script = (
        "import atexit, os, signal, sys; from omnix_cli.__main__ import run\n"
        "atexit.register(os.kill, os.getpid(), signal.{name})\n"
        "sys.argv = ['omnix', '--version']; run()"
    )
    for name in ("SIGTERM", "SIGINT"):
        command = [sys.executable, "-c", script.format(name=name)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (130, "")


def test_what_was_printed_arrives_and_nothing_runs_after_the_last_moment_for_a_signal(tmp_path: Path) -> None:
    script = (
        "import sys; from omnix_cli.__main__ import run\n"
        "class Late:\n    def __del__(self): print('wound up')\n"
        "late = Late(); sys.argv = ['omnix', '--version']; run()"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"omnix {__version__}\n")


def test_wrong_usage_is_returned_not_raised(capfd: pytest.CaptureFixture[str]) -> None:
    assert main_command(["no-such-command"]) == 2
    assert "No such command" in capfd.readouterr().err
