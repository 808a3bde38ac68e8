"""A stored frame: its schema and sort order, and how rows that another release wrote are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import dataframely as dy
import polars as pl

from omnix_cli.errors import ConfigError


@dataclass(frozen=True)
class FrameSpec:
    """A stored frame: its schema and the columns its rows are sorted by on disk (ascending)."""

    schema: type[dy.Schema]
    sort: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.schema.primary_key())

    def empty(self) -> pl.DataFrame:
        return _empty(self.schema).clone()

    @property
    def fingerprint(self) -> str:
        """A hash of the columns: their names and types, in order, and which of them may be null."""
        columns = [(name, str(spec.dtype), spec.nullable) for name, spec in self.schema.columns().items()]
        return sha256(repr(columns).encode()).hexdigest()[:16]

    @property
    def written(self) -> dict[str, str]:
        """The columns with their types, as a manifest lists them."""
        return {name: str(spec.dtype) for name, spec in self.schema.columns().items()}

    def current(self, rows: pl.LazyFrame, stored: Mapping[str, str], *, where: str, hint: str) -> pl.LazyFrame:
        """Stored rows with the columns of the schema as it is now; `stored` says which columns they were written with,
        as names and types.

        A column they lack is null, a column of another type is cast, and a column that only a newer release knows is
        left out. Raises `ConfigError`, with the `hint`, when they lack a column that must not be null."""
        columns = self.schema.columns()
        if stored == self.written:  # the order does not count: a release may have written another one
            return rows.select(columns.keys())
        missing = next((name for name, spec in columns.items() if name not in stored and not spec.nullable), None)
        if missing is not None:
            raise ConfigError(
                f"{where} was written by another version of omnix, without the column `{missing}`",
                hint=hint,
            )
        return rows.select(
            pl.lit(None, spec.dtype).alias(name) if name not in stored else pl.col(name).cast(spec.dtype)
            for name, spec in columns.items()
        )

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the columns and types of the schema, in its order, validated.

        Raises dataframely's ValidationError when a rule is broken: a bug in a step, never bad input."""
        return pl.DataFrame(self.schema.validate(frame.select(self.schema.column_names()), cast=True))


@cache
def _empty(schema: type[dy.Schema]) -> pl.DataFrame:
    return pl.DataFrame(schema.create_empty())
