"""Files of baskets whose order is known and nothing else, as published splits have them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.schemas import FRAMES

_NAMES = {
    "customer_id": ("customer_id", "user_id", "customer", "user", "household_id"),
    "product_id": ("product_id", "item_id", "product", "item"),
    "basket": ("order_number", "basket_number", "basket", "order", "basket_id", "order_id", "day"),
}
_HINT = (
    "Give CSV or Parquet with a row for each product of a basket (user_id, order_number, product_id), or JSON: an "
    "object of lists of baskets, one list for each customer."
)
_FIRST = datetime(2000, 1, 1, 12, tzinfo=UTC)
MOST_BASKETS = 20_000


def read_baskets(history: Sequence[Path], truth: Path | None = None) -> tuple[pl.DataFrame, str, list[str] | None]:
    """The baskets of the files as the frame `purchases`, their hash, and the customers of `truth`, whose baskets come
    after all others of theirs (None without `truth`).

    Days are made up: each customer's first basket is of 2000-01-01, the next of the day after. Raises `DataError` for
    a file that is not one of baskets."""
    rows = pl.concat([_read(file) for file in history])
    asked = None
    if truth is not None:
        last = _read(truth)
        asked = last["customer_id"].unique().sort().to_list()
        later = rows["basket"].max() if rows.height else 0
        rows = pl.concat([rows, last.with_columns(pl.col("basket") + int(later) + 1)])  # type: ignore[arg-type]
    number = pl.col("basket").rank("dense").over("customer_id").cast(pl.Int64) - 1
    numbered = rows.with_columns(basket=number).unique().sort("customer_id", "basket", "product_id")
    most = int(numbered["basket"].to_numpy().max(initial=0)) + 1
    if most > MOST_BASKETS:
        message = f"{history[0]}: a customer has {most:,} baskets; there is room for {MOST_BASKETS:,}"
        raise DataError(message, hint=_HINT)
    content = hashlib.sha256(numbered.write_ipc(None, compat_level=pl.CompatLevel.oldest()).getvalue()).hexdigest()
    return _purchases(numbered), f"baskets-{content[:32]}", asked


def _purchases(rows: pl.DataFrame) -> pl.DataFrame:
    at = pl.lit(_FIRST, pl.Datetime("us", "UTC")) + pl.duration(days="basket")
    spec = FRAMES["purchases"]
    columns = {
        "purchase_id": pl.int_range(pl.len()).cast(pl.String),
        "order_id": pl.col("basket").cast(pl.String),
        "purchased_at": at,
        "purchase_day": at.dt.date(),
        "quantity": pl.lit(1.0),
        "promotion_used": pl.lit(False),
        "kind": pl.lit("purchase"),
    }
    made = rows.with_columns(**columns)
    absent = [name for name in spec.schema.column_names() if name not in made.columns]
    return spec.conform(made.with_columns(pl.lit(None).alias(name) for name in absent))


def _read(file: Path) -> pl.DataFrame:
    """customer_id, product_id and basket, a number that orders the baskets of a customer."""
    try:
        content = file.read_bytes()
        if file.suffix == ".json" or content.lstrip()[:1] == b"{":
            return _of_json(orjson.loads(content), file)
        if content[:4] == b"PAR1":
            return _of_table(pl.read_parquet(content), file)
        return _of_table(pl.read_csv(content, infer_schema=False), file)
    except (pl.exceptions.PolarsError, orjson.JSONDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}", hint=_HINT) from None


def _of_table(table: pl.DataFrame, file: Path) -> pl.DataFrame:
    by_name = {name.strip().lower(): name for name in table.columns}
    found = {
        wanted: next((by_name[name] for name in names if name in by_name), None) for wanted, names in _NAMES.items()
    }
    missing = [wanted for wanted, name in found.items() if name is None]
    if missing:
        raise DataError(f"{file} has no column for {', '.join(missing)}", hint=_HINT)
    rows = table.select(pl.col(str(name)).cast(pl.String).alias(wanted) for wanted, name in found.items())
    number = rows["basket"].cast(pl.Float64, strict=False)
    if number.null_count():
        raise DataError(f"{file}: the basket of row {number.is_null().arg_true()[0] + 1} is no number", hint=_HINT)
    return _checked(rows.with_columns(basket=number), file)


def _of_json(content: Any, file: Path) -> pl.DataFrame:
    if not isinstance(content, dict):
        raise DataError(f"{file} is not an object of lists of baskets", hint=_HINT)
    rows: list[tuple[str, str, float]] = []
    for customer, baskets in content.items():
        if not isinstance(baskets, list) or not all(isinstance(basket, list) for basket in baskets):
            raise DataError(f"{file}: the baskets of customer {customer} are no list of lists", hint=_HINT)
        real = [basket for basket in baskets if basket != [-1]]
        rows += [(customer, str(item), float(number)) for number, basket in enumerate(real) for item in basket]
    schema = {"customer_id": pl.String, "product_id": pl.String, "basket": pl.Float64}
    return _checked(pl.DataFrame(rows, schema=schema, orient="row"), file)


def _checked(rows: pl.DataFrame, file: Path) -> pl.DataFrame:
    kept = rows.filter(pl.col("customer_id") != "", pl.col("product_id") != "", pl.col("basket").is_finite())
    if kept.is_empty():
        raise DataError(f"{file} has no baskets", hint=_HINT)
    return kept.select("customer_id", "product_id", "basket")
