"""Recipes in the making: the columns that omnix knows, a draft from a file, and what a recipe makes of a file."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import (
    CHANGED_AT,
    DERIVED,
    EXTRA,
    INPUT_KINDS,
    REQUIRED,
    ColumnMapping,
    JoinedColumns,
    suggestion,
)
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.safe_text.printing import one_line
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.column_meanings import MEANINGS
from omnix_cli.services.importing.importer import Importer
from omnix_cli.services.importing.read_files import Chunk, Reader, findings
from omnix_cli.steps.imports import texts
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.cleaning import clean
from omnix_cli.steps.imports.column_names import candidates, guessed, is_of_a_line, normalised, visible

_LONGEST_SAMPLE = 40
_TIMES = ("purchased_at", "occurred_at")
_CLOCKS = ("time", "timeofday", "hour", "uhrzeit", "zeit", "heure", "hora", "ora")
"""How columns with the time of day are named, whose day is in another."""
_OPEN_DAY = re.compile(r"(0?[1-9]|1[0-2])[/.-](0?[1-9]|1[0-2])[/.-](\d{4}|\d\d)\b")
"""A date that may begin with the day or the month."""
_CELL = {"row": pl.UInt64, "column": pl.String, "from": pl.String, "written": pl.String, "becomes": pl.String}


@dataclass(frozen=True)
class CanonicalColumn:
    """A column of omnix that a file can have."""

    column: str
    type: str
    required: bool
    meaning: str


@dataclass(frozen=True)
class RecipeCheck:
    """What a recipe makes of the first rows of a file. `cells` has, for each row and canonical column, the columns of
    the file, their text, and the value; of a bad row, the reason. `findings` says what was detected about the file."""

    cells: pl.DataFrame
    good: int
    bad: int
    findings: Mapping[str, str]


def canonical_columns(kind: str) -> tuple[CanonicalColumn, ...]:
    """The columns of a kind of rows, in order. Raises `ConfigError` for an unknown kind."""
    if kind not in INPUT_KINDS:
        raise ConfigError(f"`{kind}` cannot be imported", hint=suggestion(kind, INPUT_KINDS, what="These can"))
    rows = "purchases" if kind == "orders" else kind
    specs = {name: spec.dtype for name, spec in FRAMES[rows].schema.columns().items() if name not in DERIVED}
    specs |= {name: pl.String() for name in EXTRA.get(rows, ()) if name != CHANGED_AT}
    return tuple(
        CanonicalColumn(name, _type(dtype), name in REQUIRED[rows], MEANINGS[rows][name])
        for name, dtype in specs.items()
    )


def draft_recipe(importer: Importer, file: str, kind: str) -> str:
    """A recipe for a file as TOML. What was guessed from names is marked as a guess."""
    columns = canonical_columns(kind)
    rows = "purchases" if kind == "orders" else kind
    name, chunk = _first_rows(
        importer, Reader(ColumnMapping.model_validate({"kind": rows}), "UTC", importer.now, importer.open_spill), file
    )
    samples = {column: _sample(chunk[column]) for column in visible(chunk.columns)}
    left = dict(samples)
    found: dict[str, tuple[str, bool]] = {}
    for certain in (True, False):  # a guess must not take a column that has another's name
        for one in columns:
            exact = candidates(one.column, list(left))
            column = exact[0] if exact and certain else None if certain else guessed(rows, one.column, list(left))
            if one.column not in found and column is not None and is_of_a_line(column, one.column, samples):
                found[one.column] = (column, certain)
                del left[column]
    shown = one_line(name)
    lines = [
        f"# A draft for {shown}. Correct the guesses, then run:",
        f"# omnix mapping check RECIPE.toml {shlex.quote(shown)}" + ("" if kind == "purchases" else f" --kind {kind}"),
        "",
    ]
    if example := next((text for text in samples.values() if _OPEN_DAY.match(text)), None):
        lines += [f"[{kind}]", f"# day_first = true  # or false, if omnix asks how to read {_quoted(example)}", ""]
    lines.append(f"[{kind}.columns]")
    for one in columns:
        if one.column in found:
            column, certain = found[one.column]
            source, sample, said = _quoted(column), samples[column], "" if certain else "guess; "
            clock = _clock(left) if one.column in _TIMES and ":" not in sample else None
            if clock is not None:
                source = f"{{ columns = [{source}, {_quoted(clock)}] }}"
                sample, said = f"{sample} {left.pop(clock)}", "guess; "
            lines.append(f"{one.column} = {source}  # {said}for example {_quoted(sample)}")
        elif one.required:
            lines.append(f'# {one.column} = "COLUMN"  # required: {one.meaning}')
    lines += ["", *(f"# Not used: {_quoted(column)}, for example {_quoted(text)}" for column, text in left.items())]
    return "\n".join(lines).rstrip() + "\n"


def _clock(samples: Mapping[str, str]) -> str | None:
    """A column with the time of day, which belongs to another one with the day."""
    named = (column for column in samples if normalised(column) in _CLOCKS)
    return next((column for column in named if ":" in samples[column]), None)


def check_recipe(importer: Importer, mapping: ColumnMapping, file: str, *, limit: int) -> RecipeCheck:
    """What a mapping makes of the first `limit` rows of a file. Nothing is imported."""
    reader = Reader(mapping, importer.settings.timezone, importer.now, importer.open_spill)
    (name, *_) = importer.sources.find([file])
    readings: list[Reading] = []
    cells: list[pl.DataFrame] = []
    quarantine: list[pl.DataFrame] = []
    good = 0
    with importer.sources.open(name, mapping) as source:
        for chunk in reader.chunks(source, 0, readings):
            left = limit - good - sum(rows.height for rows in quarantine)
            if left <= 0:
                break
            quarantine.append(chunk.rejected.head(left))
            if chunk.reading is not None and chunk.raw.height:
                raw = chunk.raw.head(left - quarantine[-1].height)
                cleaned = clean(raw, chunk.reading)
                good += cleaned.rows.height
                quarantine.append(cleaned.quarantine)
                cells += _cells(raw, cleaned.rows, chunk)
        if not cells:
            raise DataError(f"{name}: there are no rows", hint="Choose a file with rows.")
        bad = pl.concat(quarantine)
        return RecipeCheck(
            pl.concat([*cells, _reasons(bad)]).sort("row", maintain_order=True),
            good,
            bad.height,
            findings(source, readings[-1]),
        )


def _first_rows(importer: Importer, reader: Reader, file: str) -> tuple[str, pl.DataFrame]:
    (name, *_) = importer.sources.find([file])
    with importer.sources.open(name, reader.mapping) as source:
        chunk = next(source.chunks(), None)
        if chunk is None:
            raise DataError(f"{name}: there are no rows", hint="Choose a file with rows.")
        return name, chunk.rows


def _cells(raw: pl.DataFrame, rows: pl.DataFrame, chunk: Chunk) -> Iterator[pl.DataFrame]:
    assert chunk.reading is not None
    mapping = chunk.reading.mapping
    written = rows.select(ROW_NUMBER, ITEM).join(raw, on=[ROW_NUMBER, ITEM], how="left", maintain_order="left")
    for name in FRAMES[mapping.kind].schema.column_names():
        source = mapping.columns.get(name)
        parts = source.columns if isinstance(source, JoinedColumns) else (source,) if isinstance(source, str) else ()
        value = texts.text(rows[name], ())
        if not parts and value.null_count() == len(value):
            continue
        yield pl.DataFrame(
            {
                "row": rows[ROW_NUMBER],
                "column": pl.repeat(name, rows.height, eager=True),
                "from": pl.repeat(
                    " + ".join(parts) or ("the recipe" if name in mapping.constants else "omnix"),
                    rows.height,
                    eager=True,
                ),
                "written": _joined([texts.text(written[part], ()) for part in parts], rows.height),
                "becomes": value,
            },
            schema=_CELL,
        )


def _joined(parts: list[pl.Series], height: int) -> pl.Series:
    if not parts:
        return pl.repeat(None, height, dtype=pl.String, eager=True)
    return pl.select(pl.concat_str(parts, separator=" ", ignore_nulls=True)).to_series()


def _reasons(quarantine: pl.DataFrame) -> pl.DataFrame:
    """The bad rows in the form of cells."""
    reason = pl.format("BAD: {}", "reason") if quarantine.height else pl.lit(None, pl.String)
    aside = pl.when("expected").then(pl.format("set aside: {}", "reason")).otherwise(reason)
    return quarantine.select(
        pl.col("row_number").cast(pl.UInt64).alias("row"),
        "column",
        pl.lit(None, pl.String).alias("from"),
        pl.col("value").alias("written"),
        aside.alias("becomes"),
    )


def _sample(column: pl.Series) -> str:
    filled = texts.text(column, ()).drop_nulls().head(1)
    return str(filled[0])[:_LONGEST_SAMPLE] if len(filled) else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Enum):
        return f"one of {', '.join(dtype.categories)}"
    if isinstance(dtype, pl.List):
        return "list of texts"
    if isinstance(dtype, pl.Datetime):
        return "date or time"
    if dtype.is_decimal():
        return "amount"
    if dtype.is_integer():
        return "whole number"
    return "number" if dtype.is_float() else "true or false" if dtype == pl.Boolean else "text"
