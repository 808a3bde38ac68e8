"""Content keys: equal ingredients, equal key, on any machine and in any order of the dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl


def digest(ingredients: Mapping[str, Any]) -> str:
    """The first 32 hex digits of the SHA-256 of the ingredients as JSON with sorted keys."""
    return hashlib.sha256(orjson.dumps(ingredients, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def rows_key(rows: pl.LazyFrame) -> str:
    """A key of the rows, the same in any order: their number, and two sums of their hashes.

    polars promises these hashes for one version of polars: another one gives other keys, and steps run again."""
    hashes = [pl.struct(pl.all()).hash(seed).sum().alias(f"sum_{seed}") for seed in (1, 2)]
    return digest(rows.select(pl.len().alias("rows"), *hashes).collect(engine="streaming").row(0, named=True))
