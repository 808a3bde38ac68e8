from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnix_cli.cli.logs import configure_logging, keep_traceback, log_to_file, log_traceback

LOG = logging.getLogger("omnix_cli.somewhere")


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    yield
    root = logging.getLogger("omnix_cli")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()


def test_a_line_of_text_has_the_event_and_its_values(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(json_lines=False, verbose=False, quiet=False)
    LOG.info("step done", extra={"step": "cycles", "why": "first time", "rows_in": 3})
    LOG.debug("a detail")
    time, text = capfd.readouterr().err.split(" ", 1)
    assert time.endswith("Z")
    assert text == 'info step done step=cycles why="first time" rows_in=3\n'


def test_quiet_leaves_only_warnings(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(json_lines=True, verbose=False, quiet=True)
    LOG.info("step done")
    LOG.warning("damaged", extra={"key": "cycles-1"})
    (line,) = capfd.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["level"], event["message"], event["key"]) == ("warning", "damaged", "cycles-1")


def test_the_file_has_every_line_and_the_tracebacks(tmp_path: Path) -> None:
    configure_logging(json_lines=False, verbose=False, quiet=True)
    file = tmp_path / "logs" / "omnix.log"
    log_to_file(file)
    LOG.debug("a detail")
    assert keep_traceback(ValueError("nobody expected this")) == file
    detail, bug = map(json.loads, file.read_text().splitlines())
    assert detail["message"] == "a detail"
    assert "ValueError: nobody expected this" in bug["traceback"]


def test_a_folder_that_cannot_be_written_to_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    configure_logging(json_lines=False, verbose=False, quiet=False)
    log_to_file(tmp_path / "logs" / "omnix.log")
    assert log_traceback(ValueError("no file yet")) is None


def test_warnings_of_libraries_are_log_lines_too(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(json_lines=False, verbose=False, quiet=True)
    text = "retrying http://user:secret@host\x1b[31m\nerror: spoofed"
    assert logging.lastResort is not None
    logging.lastResort.handle(logging.makeLogRecord({"msg": text, "levelno": 30, "levelname": "WARNING"}))
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("warning retrying http://***@host\ufffd[31m error: spoofed")


def test_a_kept_traceback_has_no_password() -> None:
    kept = keep_traceback(ValueError("no host http://user:secret@host"))
    try:
        assert "http://***@host" in kept.read_text()
        assert kept.stat().st_mode & 0o077 == 0
    finally:
        kept.unlink()


def test_a_traceback_is_kept_where_the_workspace_was_removed(tmp_path: Path) -> None:
    log_to_file(tmp_path / "gone" / "omnix.log")
    shutil.rmtree(tmp_path / "gone")
    kept = keep_traceback(ValueError("lost?"))
    assert "lost?" in kept.read_text()
    kept.unlink()
