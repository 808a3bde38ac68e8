"""The fields of a line, and the names of columns compared as people do."""

from __future__ import annotations

import csv
import re

from omnix_cli.mappings import REQUIRED, ColumnMapping, JoinedColumns


def fields_of(text: str, separator: str) -> list[str] | None:
    """The fields of a record; None if its quotes are broken."""
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def plain_name(name: str) -> str:
    """The name of a column without case, blanks and signs."""
    return re.sub(r"[\W_]+", "", name.casefold())


def wanted_names(mapping: ColumnMapping) -> tuple[list[frozenset[str]], frozenset[str]]:
    """The plain names that an input can have for each required column, and the plain names of all its columns."""
    required = []
    for name in REQUIRED[mapping.kind]:
        if name in mapping.constants:
            continue
        source = mapping.columns.get(name, name)
        columns = source.columns[:1] if isinstance(source, JoinedColumns) else source
        required.append(frozenset(map(plain_name, (columns,) if isinstance(columns, str) else columns)))
    return required, frozenset(map(plain_name, mapping.input_columns())) - {""}
