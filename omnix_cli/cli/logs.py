"""Log lines on stderr, one event a line, as `key=value` text or as JSON; tracebacks only go to the log file."""

from __future__ import annotations

import json
import logging
import tempfile
import traceback
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import cast

from omnix_cli.safe_text.masking import without_secrets
from omnix_cli.safe_text.printing import escaped_json, one_line
from omnix_cli.stores.workspace.private import open_private, private_folder

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure_logging(*, json_lines: bool, verbose: bool, quiet: bool) -> None:
    """Sends the log lines of omnix to stderr, and the warnings of libraries in the same form."""
    logger = logging.getLogger("omnix_cli")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    stderr = logging.StreamHandler()
    stderr.setFormatter(_JsonLines() if json_lines else _KeyValue())
    stderr.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
    logger.addHandler(stderr)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logging.captureWarnings(True)
    if logging.lastResort is not None:  # prints the warnings of loggers for which nobody cares
        logging.lastResort.setFormatter(stderr.formatter)
    logging.raiseExceptions = False  # what needs the disk reports that it is full, not the log


def log_to_file(path: Path) -> None:
    """Also writes all log lines to a file (10 MB, then one older file), where the folder can be written to."""
    logger = logging.getLogger("omnix_cli")
    if any(isinstance(handler, RotatingFileHandler) for handler in logger.handlers):
        return
    try:
        private_folder(path.parent)
        handler = _PrivateLogFile(path, maxBytes=10_000_000, backupCount=1, encoding="utf-8")
    except OSError as error:  # reading a workspace must work without write permission
        logger.debug("no log file: %s", error)
        return
    handler.setFormatter(_JsonLines())
    logger.addHandler(handler)


def log_traceback(error: BaseException) -> Path | None:
    """Writes the traceback of an error to the log file and returns that file; None if there is none."""
    logger = logging.getLogger("omnix_cli")
    for handler in logger.handlers:
        if isinstance(handler, RotatingFileHandler):
            logger.debug("unexpected error", exc_info=error)
            file = Path(handler.baseFilename)
            return file if file.exists() else None  # somebody may have removed the workspace
    return None


def keep_traceback(error: BaseException) -> Path:
    """Writes the traceback of a bug to the log file, or to a temporary file when there is no workspace yet."""
    if file := log_traceback(error):
        return file
    with tempfile.NamedTemporaryFile("w", prefix="omnix-", suffix=".log", delete=False, encoding="utf-8") as kept:
        kept.write(without_secrets("".join(traceback.format_exception(error))))
    return Path(kept.name)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


class _PrivateLogFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        return cast("TextIOWrapper", open_private(Path(self.baseFilename), self.mode, self.encoding))


class _KeyValue(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pairs = [f"{name}={_quoted(value)}" for name, value in _fields(record).items()]
        return one_line(without_secrets(" ".join([when, record.levelname.lower(), record.getMessage(), *pairs])))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = {"time": when, "level": record.levelname.lower(), "message": record.getMessage(), **_fields(record)}
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return escaped_json(without_secrets(json.dumps(event, default=str)))


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text
