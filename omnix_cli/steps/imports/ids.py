"""Ids of an input as the shop gave them: a spreadsheet may have wrapped them, or destroyed them."""

from __future__ import annotations

from typing import Literal

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.steps.imports import texts

CHANGED = "a spreadsheet changed this id"

NAMES = ("purchase_id", "customer_id", "product_id", "order_id", "interaction_id", "session_id")
"""The columns that are ids."""

_EXACT = {pl.Float64: 2**53, pl.Float32: 2**24}
"""Whole numbers from here on have lost digits in a floating point number."""
_SIGNS = "=#'+."
"""Every id that needs a second look has one of these."""
_FORMULA = r'^=(?:T\()?"(.*)"\)?$'
_QUOTED = r"^'([^']+)$"
_ERROR = r"^(?:#{2,}|#[\p{Lu}¡¿][\p{Lu}/0-9_]*[!?]|#N/A|#N/D|#NV)$"
_SCIENTIFIC = r"^-?\d(?:[.,]\d+[Ee][+-]?|[Ee]\+)\d+$"
"""5.01235E+12 and 1E+10. The plain 1E10 may be the code of a product: a spreadsheet writes the sign."""


Exact = Literal["no", "id", "key"]
"""Whether ids stay as they are: those of a table do, since no spreadsheet had them, and blanks are a part of them. The
key of an item also stays if it is blank, or a text that means a missing value elsewhere."""


def parsed(written: pl.Series, mapping: ColumnMapping, *, file: str, exact: Exact = "no") -> texts.Parsed:
    """The ids of a column; those that a spreadsheet destroyed are unreadable.

    `="00123"` and `'00123`, which keep a spreadsheet from changing an id, are 00123. Raises `DataError` for floating
    point numbers too large to have kept their digits."""
    _check_digits(written, file)
    if texts.all_digits(written) and not any(value.isdigit() for value in mapping.null_values):
        return texts.Parsed(written, None, are_digits=True)
    trimmed = texts.text(written, mapping.null_values)
    changed: pl.Series | None = None
    if exact != "no":
        if isinstance(written.dtype, pl.String):
            trimmed = written if exact == "key" else written.set(trimmed.is_null(), None)
    elif isinstance(written.dtype, pl.String) and texts.holds(written, _SIGNS):
        trimmed = _unwrapped(trimmed, mapping)
        changed = _changed(trimmed, written, mapping)
    if mapping.whole_number_ids:
        trimmed = trimmed.str.replace(r"\.0+$", "")  # spreadsheets add .0
    if mapping.id_case is not None:
        trimmed = trimmed.str.to_uppercase() if mapping.id_case == "upper" else trimmed.str.to_lowercase()
    return texts.Parsed(trimmed, changed if changed is not None and changed.any() else None)


def _unwrapped(ids: pl.Series, mapping: ColumnMapping) -> pl.Series:
    wrapped = (ids.str.starts_with("=") | ids.str.starts_with("'")).fill_null(False).arg_true()
    if wrapped.is_empty():
        return ids
    inner = ids.gather(wrapped).str.replace(_FORMULA, "$1").str.replace(_QUOTED, "$1")
    return ids.scatter(wrapped, texts.text(inner, mapping.null_values))


def _changed(ids: pl.Series, written: pl.Series, mapping: ColumnMapping) -> pl.Series:
    found = pl.repeat(False, len(ids), dtype=pl.Boolean, eager=True)
    if texts.holds(ids, "#") or (texts.holds(written, "#") and "null_values" not in mapping.model_fields_set):
        errors = written if "null_values" not in mapping.model_fields_set else ids  # #N/A, unless the mapping names it
        suspects = errors.str.contains("#", literal=True).fill_null(False).arg_true()
        found = found.scatter(suspects, errors.gather(suspects).str.strip_chars().str.contains(_ERROR))
    if texts.holds(ids, "+."):
        numbers = ids.str.contains_any(["E", "e"]).fill_null(False).arg_true()
        found = found.scatter(numbers, found.gather(numbers) | ids.gather(numbers).str.contains(_SCIENTIFIC))
    return found


def _check_digits(ids: pl.Series, file: str) -> None:
    exact = next((largest for dtype, largest in _EXACT.items() if ids.dtype == dtype), None)
    if exact is not None and (ids.is_finite() & (ids.abs() >= exact)).any():
        raise DataError(
            f"{file}: the ids of column `{ids.name}` were stored as floating point numbers and lost digits",
            hint="Export the column as text or as whole numbers.",
        )
