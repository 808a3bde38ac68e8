"""Files that name customers: an id a line, a column of a CSV file, or the JSON of a published split."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import orjson

from omnix_cli.errors import DataError

_COLUMNS = ("customer_id", "user_id", "customer", "user", "household_id", "client_id", "id")
_HINT = "Give one id a line, a CSV file with a column customer_id, or JSON: a list, or an object with a list `test`."


def read_customer_ids(file: Path) -> list[str]:
    """The ids in the order of the file, without repetitions. Raises `DataError` for a file that names none."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file} is not UTF-8 text", hint=_HINT) from None
    ids = _of_json(text, file) if text.lstrip()[:1] in ("{", "[") else _of_lines(text, file)
    named = [one.strip() for one in ids if one.strip()]
    if not named:
        raise DataError(f"{file} names no customer", hint=_HINT)
    return list(dict.fromkeys(named))


def _of_json(text: str, file: Path) -> list[str]:
    try:
        content: Any = orjson.loads(text)
    except ValueError as error:
        raise DataError(f"{file} is not JSON: {error}", hint=_HINT) from None
    ids = content.get("test") if isinstance(content, dict) else content
    if not isinstance(ids, list) or not all(isinstance(one, str | int) and not isinstance(one, bool) for one in ids):
        raise DataError(f"{file} has no list of customer ids", hint=_HINT)
    return [str(one) for one in ids]


def _of_lines(text: str, file: Path) -> list[str]:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ","))
    rows = [row for row in rows if row]
    header = [name.strip().lower() for name in rows[0]] if rows else []
    column = next((header.index(name) for name in _COLUMNS if name in header), None)
    if column is not None:
        return [row[column] for row in rows[1:] if len(row) > column]
    if any(len(row) > 1 for row in rows):
        raise DataError(f"{file} has more than one column, and none of them is customer_id", hint=_HINT)
    return [row[0] for row in rows]
