"""Frames that another release wrote."""

from __future__ import annotations

from dataclasses import replace

import dataframely as dy
import polars as pl
import pytest

from omnix_cli import schemas
from omnix_cli.errors import ConfigError
from omnix_cli.schemas import FRAMES

SPEC = FRAMES["superseded"]


class Wider(schemas.Superseded):
    why = dy.String(nullable=True)


class Stricter(schemas.Superseded):
    why = dy.String()


class Renumbered(dy.Schema):
    id = dy.Int64(primary_key=True)


def stored(schema: type[dy.Schema], rows: pl.DataFrame) -> list[dict[str, object]]:
    """The rows, written as `superseded` is now and read with another schema of it."""
    written = {name: str(dtype) for name, dtype in rows.schema.items()}
    spec = replace(SPEC, schema=schema)
    return spec.current(rows.lazy(), written, where="checkpoint import-1", hint="Import it again.").collect().to_dicts()


def test_a_missing_column_is_null() -> None:
    assert stored(Wider, pl.DataFrame({"id": ["1"]})) == [{"id": "1", "why": None}]


def test_an_unknown_column_is_left_out() -> None:
    assert stored(schemas.Superseded, pl.DataFrame({"why": ["x"], "id": ["1"]})) == [{"id": "1"}]


def test_another_type_is_cast() -> None:
    assert stored(Renumbered, pl.DataFrame({"id": ["7"]})) == [{"id": 7}]


def test_a_missing_column_that_must_not_be_null_is_an_error() -> None:
    with pytest.raises(
        ConfigError, match=r"checkpoint import-1 was written by another version .* the column `why`"
    ) as told:
        stored(Stricter, pl.DataFrame({"id": ["1"]}))
    assert told.value.hint == "Import it again."


def test_columns_in_another_order_are_put_in_order() -> None:
    spec = replace(SPEC, schema=Wider)
    rows = pl.DataFrame({"why": ["a"], "id": ["b"]}).lazy()
    read = spec.current(rows, {"why": "String", "id": "String"}, where="checkpoint import-1", hint="").collect()
    assert read.columns == ["id", "why"]


def test_the_fingerprint_depends_on_names_types_and_nulls_only() -> None:
    prints = {replace(SPEC, schema=schema).fingerprint for schema in (schemas.Superseded, Wider, Stricter, Renumbered)}
    assert len(prints) == 4
    assert FRAMES["recommendations"].fingerprint == FRAMES["shop_lists"].fingerprint


def test_every_frame_has_its_key_and_sort_columns() -> None:
    for name, spec in FRAMES.items():
        assert set(spec.key) | set(spec.sort) <= set(spec.written), name
