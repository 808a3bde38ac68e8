"""Tables as text: cells between `|`, names in the first line, an optional rule of dashes below them.

customer | product | days ago
---------|---------|---------
ann      | milk    | 3
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

Row = dict[str, str | None]


def rows(text: str) -> list[Row]:
    """The rows of a table; a cell with nothing in it is None."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return []
    names = [cell or "" for cell in _cells(lines[0])]
    found = []
    for line in lines[1:]:
        if "-" in line and set(line) <= set("-| "):
            continue
        cells = _cells(line)
        if len(cells) != len(names):
            raise ValueError(f"{len(cells)} cells, but {len(names)} columns: {line}")
        found.append(dict(zip(names, cells, strict=True)))
    return found


def names(text: str) -> list[str]:
    """The names in the first line of a table."""
    return [cell or "" for cell in _cells(text.strip().splitlines()[0])]


def written(values: Iterable[Mapping[str, Any]], columns: list[str]) -> list[Row]:
    """Values as a table writes them: numbers rounded to two places, list entries with a comma, null as nothing."""
    return [{name: _written(row[name]) for name in columns} for row in values]


def _cells(line: str) -> list[str | None]:
    return [cell.strip() or None for cell in line.strip().split("|")]


def _written(value: Any) -> str | None:
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, (datetime, date, str)):
        return str(value)
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
