"""Lines of one order, current and stated."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.steps.imports.groups.identity import FILE, RETURNED, WRITTEN
from omnix_cli.steps.imports.groups.merge import AGAIN
from omnix_cli.steps.imports.groups.stated_lines import hashed
from tests.conftest import purchases


def lines(*quantities: float) -> pl.DataFrame:
    rows = purchases(*(("c", "p", "2019-01-01", quantity) for quantity in quantities), order_id=pl.lit("o"))
    return rows.with_columns(purchase_id=pl.lit(None, pl.String))


def stated(*quantities: float, file: int = 0) -> pl.DataFrame:
    """A statement of these lines."""
    return Identifier("purchases").stated(identified(*quantities, file=file))


def identified(*quantities: float, file: int = 0) -> pl.DataFrame:
    """These lines with their ids and places."""
    return Identifier("purchases").identified(unidentified(*quantities, file=file))


def unidentified(*quantities: float, file: int = 0) -> pl.DataFrame:
    """These lines with their places, as they are read."""
    return lines(*quantities).with_columns(
        pl.lit(file, pl.Int32).alias(FILE),
        pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER),
        pl.lit(0, pl.UInt32).alias(ITEM),
        pl.lit(datetime(2019, 1, 1)).alias(WRITTEN),
        pl.lit(False).alias(RETURNED),
    )


def current(*quantities: float) -> pl.DataFrame:
    """These lines as current rows."""
    ids = [f"2019-01-01##o#p{'' if number == 1 else f'#{number}'}" for number in range(1, len(quantities) + 1)]
    rows = lines(*quantities).with_columns(pl.Series("purchase_id", ids, pl.String), pl.lit(False).alias(AGAIN))
    return hashed(rows, "purchases", whole_orders=False)
