"""Results as people and programs read them: a frame as an aligned table, JSON, CSV or Parquet, on stdout, in a file or
on S3; records as frames."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from types import NoneType
from typing import Any

import orjson
import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError, os_failure
from omnix_cli.json_records import exact_json
from omnix_cli.records import RunRecord, StepRecord
from omnix_cli.safe_text.printing import escaped_json, one_line, printable

Target = Path | Callable[[bytes], object] | None
"""Where a result goes: a file, a function that takes its bytes, or (None) stdout."""
_FORMULA = r"(^|[;,\t\r\n\"])(\s*[=+\-@＝＋－＠])"  # noqa: RUF001
"""Where a spreadsheet begins a formula: in a cell, and after what separates cells elsewhere. Source: OWASP, "CSV
Injection"."""
_PAGE = 240
"""The width of a table that is not printed to a terminal, in characters."""
_PLAIN = (str, int, float, date, NoneType)


def write_frame(frame: pl.DataFrame, *, title: str, kind: str, target: Target, csv_safe: bool = False) -> None:
    """Writes the rows to the target. `kind` is table, json, csv or parquet.

    JSON is a list of objects. CSV joins lists by "; "; if `csv_safe`, it has an apostrophe before what a spreadsheet
    would run as a formula. On a terminal, what it would obey is replaced, in JSON escaped. Raises `ConfigError` for
    Parquet on a terminal."""
    if kind == "parquet" and _is_terminal(target):
        raise ConfigError("Parquet cannot be shown on a terminal", hint="Give --output FILE, or pipe it somewhere.")
    content = _content(frame, title, kind, terminal=target is None, csv_safe=csv_safe)
    if kind == "csv" and _is_terminal(target):
        content = printable(content.decode()).encode()
    _deliver(_shown_json(content, target) if kind == "json" else content, target)


def write_tables(frames: Sequence[tuple[str, pl.DataFrame]], *, target: Target) -> None:
    """Writes several titled frames to the target as tables, one below the other."""
    texts = [as_text(frame, title=title, terminal=target is None) for title, frame in frames]
    _deliver("\n".join(texts).encode(), target)


def write_objects(objects: Sequence[Mapping[str, Any]], *, target: Target) -> None:
    """Writes objects to the target as JSON; their values may be of mixed types, which a frame cannot hold."""
    _deliver(_shown_json(orjson.dumps(objects, option=orjson.OPT_APPEND_NEWLINE), target), target)


def write_json(value: Any, *, target: Target) -> None:
    """Writes one value to the target as JSON, with exact numbers."""
    _deliver(_shown_json(exact_json.dumps(value) + b"\n", target), target)


def _is_terminal(target: Target) -> bool:
    if target is None:
        return sys.stdout is not None and sys.stdout.isatty()
    return isinstance(target, Path) and target.is_char_device()


def _shown_json(content: bytes, target: Target) -> bytes:
    return escaped_json(content.decode()).encode() if _is_terminal(target) else content


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


def _content(frame: pl.DataFrame, title: str, kind: str, *, terminal: bool, csv_safe: bool) -> bytes:
    if kind == "table":
        return as_text(frame, title=title, terminal=terminal).encode()
    buffer = BytesIO()
    if kind == "json":
        frame.with_columns(pl.selectors.decimal().cast(pl.Float64)).write_json(buffer)
        buffer.write(b"\n")
    elif kind == "csv":
        frame = frame.with_columns(pl.selectors.list().cast(pl.List(pl.String)).list.join("; "))
        (_without_formulas(frame) if csv_safe else frame).write_csv(buffer)
    else:
        frame.write_parquet(buffer)
    return buffer.getvalue()


def _without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    marked = r"${1}'${2}"
    names = pl.Series(frame.columns, dtype=pl.String).str.replace_all(_FORMULA, marked)
    frame = frame.with_columns(pl.selectors.string().str.replace_all(_FORMULA, marked))
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def as_text(frame: pl.DataFrame, *, title: str, terminal: bool = True) -> str:
    """The rows as an aligned table under a title, fitted to the width of the terminal, if it is printed to one."""
    on_terminal = terminal and _is_terminal(None)
    header = [printable(name.replace("_", " "), keep="") for name in frame.columns]
    rows = [[_cell(value) for value in row] for row in frame.iter_rows()]
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    text = None if on_terminal else _aligned(one_line(title), header, rows, numeric)
    if text is None:
        fixed = [dtype.is_temporal() or name.endswith("_id") for name, dtype in frame.schema.items()]
        text = _fitted(one_line(title), header, rows, numeric, fixed, on_terminal=on_terminal)
    if frame.is_empty():
        text += "(nothing)\n"
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _aligned(title: str, header: list[str], rows: list[list[str]], numeric: list[bool]) -> str | None:
    """What `_fitted` makes where nothing needs to be wrapped, in a tenth of the time; None if it must be."""
    lines = [header, *rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    if not widths or min(widths) == 0 or sum(widths) + 2 * (len(widths) - 1) > _PAGE:
        return None
    text = [title]
    for line in lines:
        cells = []
        for cell, width, is_number in zip(line, widths, numeric, strict=True):
            gap = " " * (width - _width(cell))
            cells.append(gap + cell if is_number else cell + gap)
        text.append("  ".join(cells))
    return "\n".join(text) + "\n"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(
    title: str, header: list[str], rows: list[list[str]], numeric: list[bool], fixed: list[bool], *, on_terminal: bool
) -> str:
    """A table as wide as the terminal or the page, with long cells wrapped unless their column is `fixed`."""
    from rich.console import Console  # here, since most results need none of it
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, is_number, is_fixed in zip(header, numeric, fixed, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold", no_wrap=is_fixed)
    for row in rows:
        table.add_row(*map(Text, row))
    buffer = StringIO()
    width = shutil.get_terminal_size().columns if on_terminal else _PAGE
    console = Console(file=buffer, width=width, force_terminal=on_terminal and "NO_COLOR" not in os.environ)
    console.print(Text(title), style="table.title", soft_wrap=True)  # a title may be wider than the table
    console.print(table)
    return buffer.getvalue()


def steps_table(steps: Iterable[StepRecord]) -> pl.DataFrame:
    """One row for each step: status, rows, seconds, peak memory, why, figures."""
    return _table(
        ("step", "status", "rows_in", "rows_out", "quarantined", "seconds", "peak_mb", "why", "figures"),
        [
            (
                step.name,
                step.status,
                step.rows_in,
                step.rows_out,
                step.figures.get("quarantined"),
                step.seconds,
                step.peak_memory_bytes // 1_000_000,
                step.reason,
                ", ".join(f"{name} {_cell(value)}" for name, value in step.figures.items()),
            )
            for step in steps
        ],
    )


def model_report(figures: Mapping[str, Any]) -> str:
    """One line on what a model was asked: customers, repaired and failed answers and why, cost."""
    skipped = {name: int(count) for name, count in figures.items() if name.startswith("skipped_") and count}
    asked = int(figures["asked"] + figures["repaired"] + figures["failed"])
    parts = [
        f"a model was asked about {counted(asked, 'customer')}:"
        f" {figures['repaired']:,} repaired, {figures['failed']:,} failed"
        + (f" ({figures['reasons']})" if figures.get("reasons") else ""),
        f"{figures['found_in_ledger']:,} replies were already known; all replies cost {figures['dollars']:.4f} dollars",
        *(
            f"up to {lost:.4f} dollars more may have been billed, for answers that never arrived"
            for lost in [figures.get("may_have_been_billed", 0)]
            if lost
        ),
        f"{counted(int(figures['reused']), 'customer')} served by answers of earlier days",
        *(f"{count:,} skipped ({name.removeprefix('skipped_').replace('_', ' ')})" for name, count in skipped.items()),
    ]
    return "; ".join(parts)


def runs_table(records: Iterable[RunRecord]) -> pl.DataFrame:
    """One row for each run."""
    return _table(
        ("run_id", "command", "status", "exit_code", "as_of", "started_at", "seconds", "steps_run", "steps_reused"),
        [
            (
                record.run_id,
                record.command,
                record.status,
                record.exit_code,
                record.as_of,
                record.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                (record.finished_at - record.started_at).total_seconds() if record.finished_at else None,
                sum(step.status == "ran" for step in record.steps),
                sum(step.status == "reused" for step in record.steps),
            )
            for record in records
        ],
    )


def removed_table(runs: Iterable[str], checkpoints: Iterable[str]) -> pl.DataFrame:
    """One row for each run or checkpoint that is removed."""
    return _table(("what", "id"), [("run", run) for run in runs] + [("checkpoint", key) for key in checkpoints])


def records_table(records: Iterable[Any], columns: Sequence[str]) -> pl.DataFrame:
    """One row for each record with its fields `columns`; a column with values of other than plain types is text."""
    rows = [tuple(getattr(record, name) for name in columns) for record in records]
    mixed = {number for row in rows for number, value in enumerate(row) if not isinstance(value, _PLAIN)}
    return _table(
        columns, [tuple(_cell(value) if n in mixed else value for n, value in enumerate(row)) for row in rows]
    )


def _table(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, str):
        return printable(value, keep="")
    if isinstance(value, list | tuple | pl.Series):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_cell(name)}: {_cell(one)}" for name, one in value.items())
    return printable(str(value), keep="")
