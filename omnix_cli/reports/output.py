"""Writing results to stdout, a file or S3: a table for people; JSON, CSV or Parquet for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import ConfigError, os_failure
from omnix_cli.reports.printed_tables import as_text

Target = Path | Callable[[bytes], object] | None
"""Where a result goes: a file, a function that takes its bytes, or (None) stdout."""


def write_frame(frame: pl.DataFrame, *, title: str, kind: str, target: Target) -> None:
    """Writes the rows to the target. `kind` is table, json, csv or parquet.

    JSON is a list of objects. CSV joins lists by "; ". Raises `ConfigError` for Parquet on a terminal."""
    if kind == "parquet" and target is None and sys.stdout is not None and sys.stdout.isatty():
        raise ConfigError("Parquet cannot be shown on a terminal", hint="Give --output FILE, or pipe it somewhere.")
    _deliver(_content(frame, title, kind, terminal=target is None), target)


def write_objects(objects: Sequence[Mapping[str, Any]], *, target: Target) -> None:
    """Writes objects to the target as JSON; their values may be of mixed types, which a frame cannot hold."""
    _deliver(orjson.dumps(objects, option=orjson.OPT_APPEND_NEWLINE), target)


def _deliver(content: bytes, target: Target) -> None:
    try:
        if isinstance(target, Path):
            target.write_bytes(content)
        elif target is not None:
            target(content)
        elif sys.stdout is not None:  # a daemon may have closed it
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise os_failure(error, f"{target or 'stdout'} cannot be written") from error


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
