"""Rows of earlier imports that a rule of the mapping would leave out or move today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.mappings import ColumnMapping, JoinedColumns, SetAside
from omnix_cli.records import Finding
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.importer import Importer
from omnix_cli.steps.imports.rule_values import sets_aside

_HINT = "Import {files} again with this mapping: it replaces what they gave."


def outdated_rows(importer: Importer, mapping: ColumnMapping, key: str) -> Iterator[Finding]:
    """Tells of current rows that came in with another mapping and that this one sets aside or renames. `key` is that of
    the reading (see `Reader.key`); call it when the import is stored."""
    if not (mapping.set_aside or mapping.values):
        return
    files = [file for batch in importer.ledger.batches(mapping.kind) for file in batch.files]
    last = {file.sha256: file for file in files if file.sha256}
    others = list(dict.fromkeys(file.name for file in last.values() if file.mapping_key != key))
    if not others:
        return
    hint = _HINT.format(files=", ".join(others[:3]) + (", ..." if len(others) > 3 else ""))
    rows = importer.ledger.view(mapping.kind).scan()
    if mapping.kind == "purchases":
        rows = rows.filter(pl.col("kind") != "cancelled")
    for rule in mapping.set_aside:
        name = _canonical(rule.column, mapping)
        if name is not None:
            yield from _aside(rule, _values(rows, name), hint)
    for name, replaced in mapping.values.items():
        if (
            name in FRAMES[mapping.kind].schema.column_names()
            and FRAMES[mapping.kind].schema.columns()[name].dtype == pl.String
        ):
            yield from _renamed(
                name, {old: new for old, new in replaced.items() if old != new}, _values(rows, name), hint
            )


def _aside(rule: SetAside, values: pl.DataFrame, hint: str) -> Iterator[Finding]:
    found = values.filter(sets_aside(rule, values["value"]))
    if found.height:
        lines = int(found["len"].sum())
        would = counted(lines, "row of earlier imports is", "rows of earlier imports are")
        text = f"{would} what set_aside `{rule.reason}` leaves out now, such as {found['value'][0]}"
        yield Finding("set_aside_later", lines, text, hint)


def _renamed(name: str, replaced: dict[str, str], values: pl.DataFrame, hint: str) -> Iterator[Finding]:
    found = values.filter(pl.col("value").is_in(list(replaced)))
    if found.height:
        lines, old = int(found["len"].sum()), found["value"][0]
        have = counted(lines, "row of earlier imports has", "rows of earlier imports have")
        text = f"{have} a {name} that is replaced now, such as {old} (now {replaced[old]})"
        yield Finding("replaced_later", lines, text, hint)


def _values(rows: pl.LazyFrame, name: str) -> pl.DataFrame:
    """The different values of a column and their rows, most first."""
    counts = rows.group_by(value=name).len().collect(engine="streaming")
    return counts.sort("len", "value", descending=[True, False])


def _canonical(column: str | Sequence[str], mapping: ColumnMapping) -> str | None:
    """The column of text that is read from a column of the file as it is; None if no one is."""
    names = {column} if isinstance(column, str) else {*column}
    for name, spec in FRAMES[mapping.kind].schema.columns().items():
        source = mapping.columns.get(name, name)
        if isinstance(source, JoinedColumns):
            source = source.columns if len(source.columns) == 1 else ()
        if spec.dtype == pl.String and names & ({source} if isinstance(source, str) else {*source}):
            return name
    return None
