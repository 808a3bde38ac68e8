"""Results on stdout or in a file: a table for people; JSON, CSV or Parquet for programs."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.reports.tables import as_text


def write_frame(frame: pl.DataFrame, *, title: str, kind: str, file: Path | None) -> None:
    """Prints the rows, or writes them to `file`. `kind` is table, json, csv or parquet.

    JSON is a list of objects; lists in CSV are joined by "; ". Raises `ConfigError` for Parquet on a terminal."""
    if kind == "parquet" and file is None and sys.stdout is not None and sys.stdout.isatty():
        raise ConfigError("Parquet cannot be shown on a terminal", hint="Give --output FILE, or pipe it somewhere.")
    _deliver(_content(frame, title, kind, terminal=file is None), file)


def write_objects(objects: Sequence[Mapping[str, Any]], *, file: Path | None) -> None:
    """Prints the objects as JSON, or writes them to `file`: for values of mixed types, which a frame cannot hold."""
    _deliver(orjson.dumps(objects, option=orjson.OPT_APPEND_NEWLINE), file)


def _deliver(content: bytes, file: Path | None) -> None:
    try:
        if file is not None:
            file.write_bytes(content)
        elif sys.stdout is not None:  # a daemon may have closed it
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{file or 'stdout'} cannot be written: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnavailableError(message, hint="Make room, then try again.") from error
        raise ConfigError(message, hint="Choose another --output.") from error


def _content(frame: pl.DataFrame, title: str, kind: str, *, terminal: bool) -> bytes:
    if kind == "table":
        return as_text(frame, title=title, terminal=terminal).encode()
    buffer = BytesIO()
    if kind == "json":
        frame.with_columns(pl.selectors.decimal().cast(pl.Float64)).write_json(buffer)
        buffer.write(b"\n")
    elif kind == "csv":
        lists = pl.selectors.list().cast(pl.List(pl.String)).list.join("; ")
        frame.with_columns(lists).write_csv(buffer)
    else:
        frame.write_parquet(buffer)
    return buffer.getvalue()
