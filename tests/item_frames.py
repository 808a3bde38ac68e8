"""Frames of items for property tests: any names, types and absences that a store may meet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text('",:{}[]\\nulS', max_size=12)
NAMES = st.sampled_from(["a", "b", "S", "N", "M", "NULL", "null", ',"a"', 'q"', "{", "}", "é", "a b", "\n", "$", ""])


def decimals(scale: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-(10**18), 10**18).map(lambda digits: Decimal(digits).scaleb(-scale))


scalars = st.sampled_from(
    [
        (pl.String(), TEXTS),
        (pl.Enum(["tea", 'mil"k', "null"]), st.sampled_from(["tea", 'mil"k', "null"])),
        (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
        (pl.UInt64(), st.integers(0, 2**64 - 1)),
        (pl.Int8(), st.integers(-128, 127)),
        (pl.Boolean(), st.booleans()),
        (pl.Binary(), st.binary(max_size=6)),
        (pl.Null(), st.none()),
        *((pl.Decimal(38, scale), decimals(scale)) for scale in (0, 2, 20, 38)),
    ]
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maps = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    return inner.map(lambda kind: (pl.List(kind[0]), st.lists(st.none() | kind[1], max_size=3))) | maps.map(
        lambda kinds: (
            pl.Struct({name: dtype for name, (dtype, _) in kinds.items()}),
            st.fixed_dictionaries({name: st.none() | values for name, (_, values) in kinds.items()}),
        )
    )


kinds = st.recursive(scalars, nested, max_leaves=5)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    columns = draw(st.dictionaries(NAMES, kinds, max_size=4))
    rows = draw(st.integers(0, 4))
    found = {
        name: pl.Series(name, draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), dtype=dtype)
        for name, (dtype, values) in columns.items()
    }
    return pl.DataFrame({"id": pl.Series([f"k{row}" for row in range(rows)], dtype=pl.String), **found})
