"""The values of rules: which rows they set aside, and those that a file has only nearly alike."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from omnix_cli.mappings import ColumnMapping, SetAside
from omnix_cli.steps.imports import texts

_ROWS = 10_000
"""The rows of a chunk that are looked at: a word for a state is among them."""
_MOST_VALUES = 50
"""A column with more different values is no state, and its values are often alike."""
_ALIKE = 0.8

Seen = dict[str, set[str]]
"""The values of the columns of rules, in lower case."""


def look_at(seen: Seen, raw: pl.DataFrame, mapping: ColumnMapping) -> None:
    """Adds the values of these rows. The mapping must be bound to them."""
    for column in {column for _, column, _ in _rules(mapping)}:
        known = seen.setdefault(column, set())
        if len(known) <= _MOST_VALUES:
            values = texts.text(raw[column].head(_ROWS), mapping.null_values).str.to_lowercase()
            known.update(values.unique().drop_nulls().head(_MOST_VALUES + 1))


def misspelt(seen: Seen, mapping: ColumnMapping) -> dict[str, str]:
    """The values of rules that the file lacks, and the value of the file that may be meant. A value that another one
    of its rule matches is not meant. The recipes that come with omnix have no misspelt values."""
    found: dict[str, str] = {}
    if mapping.is_named_recipe:
        return found
    for rule, column, values in _rules(mapping):
        known = seen.get(column, set())
        wanted = {value.strip().lower() for value in values}
        if not known or len(known) > _MOST_VALUES:
            continue
        for value in sorted(wanted - known):
            near = difflib.get_close_matches(value, sorted(known - wanted), n=1, cutoff=_ALIKE)
            if near:
                found[f"{rule} = `{value}`"] = f"no such value, did you mean `{near[0]}`?"
    return found


def _rules(mapping: ColumnMapping) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The rules of a bound mapping that compare a column with values."""
    for aside in mapping.set_aside:
        yield f"set_aside `{aside.reason}`", str(aside.column), (*aside.values, *aside.other_than)
    for key, rules in {"cancelled": mapping.cancelled, "returns": mapping.returns.values}.items():
        for column, values in rules.items():
            yield f"{key} `{column}`", column, values
    for name, replaced in mapping.values.items():
        source = mapping.columns.get(name)
        if isinstance(source, str):
            yield f"values of {name}", source, tuple(replaced)


def sets_aside(rule: SetAside, trimmed: pl.Series) -> pl.Series:
    """Which rows a rule sets aside, by the trimmed texts of its column; case does not count, except for `matches`."""
    mask = trimmed.is_null() & rule.missing
    lower = trimmed.str.to_lowercase()
    if rule.values:
        mask |= lower.is_in(_lower(rule.values)).fill_null(False)
    if rule.other_than:
        mask |= ~lower.is_in(_lower(rule.other_than)).fill_null(True)
    if rule.matches:
        mask |= trimmed.str.contains(rule.matches).fill_null(False)
    return mask


def _lower(values: Iterable[str]) -> list[str]:
    return [value.strip().lower() for value in values]
