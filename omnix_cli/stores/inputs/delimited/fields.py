"""The fields of a line, and the columns that a mapping wants."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

from omnix_cli.mappings import REQUIRED, ColumnMapping, JoinedColumns
from omnix_cli.steps.imports.column_names import normalised


def fields_of(text: str, separator: str) -> list[str] | None:
    """The fields of a record; None if its quotes are broken."""
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def has_spaced_quotes(lines: Iterable[str], separator: str) -> bool:
    """Whether lines can only be read without the blanks between their separators and their quotes."""
    for line in lines:
        fields = fields_of(line, separator)
        if fields is None or any(field.lstrip(" ").startswith('"') for field in fields):
            spaced = fields_of(without_spaces(line.encode(), separator).decode(), separator)
            if spaced is not None and not any(field.lstrip(" ").startswith('"') for field in spaced):
                return True
    return False


def without_spaces(block: bytes, separator: str) -> bytes:
    """The lines of a block without blanks between separators and the quotes around a field."""
    sign = re.escape(separator.encode())
    return re.sub(rb'(^|%s) *("[^"\n]*") *(?=%s|\r?$)' % (sign, sign), rb"\1\2", block, flags=re.MULTILINE)


def with_doubled_quotes(block: bytes, separator: str) -> bytes:
    """The lines of a block with quotes doubled inside fields, where it has a backslash before each of them."""
    sign = re.escape(separator.encode())
    doubled = rb'[^\\"\n%s]""[^"]|\\""(?!%s|\r?$)' % (sign, sign)
    if b"\\" not in block or b'\\"' not in block or re.search(doubled, block, re.MULTILINE):
        return block
    return re.sub(rb'\\"(?!%s|\r?$)' % sign, b'""', block, flags=re.MULTILINE)


def wanted_names(mapping: ColumnMapping) -> tuple[list[frozenset[str]], frozenset[str]]:
    """The plain names that an input can have for each required column, and the plain names of all its columns."""
    required = []
    for name in REQUIRED[mapping.kind]:
        if name in mapping.constants:
            continue
        source = mapping.columns.get(name, name)
        columns = source.columns[:1] if isinstance(source, JoinedColumns) else source
        required.append(frozenset(map(normalised, (columns,) if isinstance(columns, str) else columns)))
    return required, frozenset(map(normalised, mapping.input_columns())) - {""}
