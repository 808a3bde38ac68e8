"""Rows of a frame as JSON objects."""

from __future__ import annotations

import polars as pl

from omnix_cli.stores.tables.json_frames import Nulls, json_rows


def as_it_is(value: pl.Expr, values: pl.Series, nulls: Nulls) -> pl.Expr:
    return value.alias(values.name)


def test_an_absent_value_is_not_written_wherever_it_is() -> None:
    frame = pl.DataFrame({"a": [None, 1, None], "b": [None, None, "x"], "c": [True, False, None], "none": [None] * 3})
    assert json_rows(frame, as_it_is).to_list() == ['{"c":true}', '{"a":1,"c":false}', '{"b":"x"}']


def test_a_text_may_look_like_an_absent_value() -> None:
    frame = pl.DataFrame({"a": ['x","b":null', None], "b": [None, '{"a":null,'], "c": [1, 2]})
    assert json_rows(frame, as_it_is).to_list() == [r'{"a":"x\",\"b\":null","c":1}', r'{"b":"{\"a\":null,","c":2}']


def test_an_object_without_any_value_is_empty() -> None:
    assert json_rows(pl.DataFrame({"a": [None]}), as_it_is).to_list() == ["{}"]
