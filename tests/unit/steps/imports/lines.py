"""Raw rows and what cleaning makes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from omnix_cli.mappings import parse_mapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.steps.imports import instants
from omnix_cli.steps.imports.binding import Reading, Settled, bind
from omnix_cli.steps.imports.cleaning import Cleaned, clean
from omnix_cli.steps.imports.settling import evidence, settle

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)


LINE = {"customer_id": "1", "order_id": "7", "product_id": "3", "quantity": "2", "purchased_at": "2020-05-01 10:00:00"}


def raw(*rows: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(
        pl.int_range(2, pl.len() + 2, dtype=pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM)
    )


def cleaned(
    *rows: dict[str, Any], kind: str = "purchases", zone: str = "UTC", frame: pl.DataFrame | None = None, **mapping: Any
) -> Cleaned:
    """What becomes of rows, or of the one row in a frame with the types of a file."""
    if frame is None:
        frame = raw(*rows)
    else:
        frame = frame.with_columns(pl.lit(2, pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM))
    bound = bind(parse_mapping(kind, mapping, where="test"), frame.columns, file="f.csv")
    settled = settle(evidence(frame, bound, NOW.year), bound, Settled(), file="f.csv", separator=",")
    is_day_first, is_year_first = settled.order == "day first", settled.order == "year first"
    written_zone = bound.written_timezone or zone
    clock = instants.Clock(bound.date_formats, is_day_first, written_zone, zone, is_year_first, settled.serials)
    return clean(frame, Reading(bound, "f.csv", clock, bool(settled.decimal_comma), NOW))


def why(result: Cleaned) -> list[tuple[str | None, str | None, str]]:
    return result.quarantine.select("column", "value", "reason").rows()
