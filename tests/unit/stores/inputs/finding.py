"""Rows of inputs found at a path, for the tests of containers and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.sources import FileSources

HEADER = "customer_id,product_id,purchased_at,quantity\n"


def lines(*customers: str) -> bytes:
    """A CSV file with a purchase of each customer."""
    return (HEADER + "".join(f"{customer},P1,2024-03-01,1\n" for customer in customers)).encode()


def found(sources: FileSources, *patterns: str | Path, **mapping: Any) -> dict[str, pl.DataFrame]:
    """The rows of each input at these places, by its name; its fingerprint is the same before and after reading."""
    how = ColumnMapping(kind="purchases", **mapping)
    inputs = {}
    for name in sources.find([str(pattern) for pattern in patterns], how):
        with sources.open(name, how) as source:
            rows = pl.concat([chunk.rows for chunk in source.chunks()])
            assert source.fingerprint() == sources.fingerprint(name)
        inputs[name] = rows.drop(ROW_NUMBER, ITEM)
    return inputs


def customers(sources: FileSources, *patterns: str | Path, **mapping: Any) -> list[str]:
    """The customers of all rows at these places, sorted."""
    inputs = found(sources, *patterns, **mapping)
    return sorted(customer for rows in inputs.values() for customer in rows["customer_id"].cast(pl.String))
