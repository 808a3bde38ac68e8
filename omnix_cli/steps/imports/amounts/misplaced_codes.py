"""Codes in the column of a quantity or an amount: ids of the same line, and barcodes.

A large number alone is no error: wholesale lines of 80,000 units exist. A number is set aside only if it also is an id
of its own line, or has the length and check digit of a barcode, and is far beyond all other numbers of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER

_NAMES = {"quantity": "quantity", "unit_price": "amount", "total_price": "amount"}
_IDS = {"product_id": "the product id", "order_id": "the order id", "customer_id": "the customer id"}
_LEAST = 100
TIMES_OTHERS = 10
"""An id is no quantity if it is more than so many times the highest other one of the file ..."""
TIMES_OTHERS_BARCODE = 1000
"""... and a barcode, which need not be one of the line, if it is so many times that."""
_SAMPLE = 1000
_BARCODE_DIGITS = (8, 12, 13, 14)
_FOUND = {ROW_NUMBER: pl.UInt64, ITEM: pl.UInt32, "column": pl.String, "reason": pl.String}
NO_SUSPECTS = pl.DataFrame(schema={**_FOUND, "number": pl.Float64, "times": pl.Float64})


def suspects(rows: pl.DataFrame) -> pl.DataFrame:
    """The purchase rows with a code for a number, each once: its column, the reason to set it aside, the number, and
    how many times the highest other one it must be for that."""
    found = [one for name in _NAMES for one in _suspects_in(rows, name)]
    return pl.concat(found).unique([ROW_NUMBER, ITEM], keep="first", maintain_order=True) if found else NO_SUSPECTS


def highest(rows: pl.DataFrame, suspected: pl.DataFrame) -> dict[str, float]:
    """The highest number of each column in the rows that are not suspected."""
    others = rows.join(suspected, on=[ROW_NUMBER, ITEM], how="anti") if suspected.height else rows
    return {name: _highest(others[name]) for name in _NAMES}


def absurd(suspected: pl.DataFrame, highest_of: Mapping[str, float], others: int) -> pl.DataFrame:
    """The suspects that are set aside, given the highest numbers and the count of the other rows of the file. For one
    suspect in a column there must be two rows without, at least."""
    limit = _limit(highest_of)
    enough = others + suspected.height - pl.len().over("column") >= 2 * pl.len().over("column")
    return suspected.filter(enough, limit > 0, pl.col("number") > pl.col("times") * limit)


def is_cleared(suspected: pl.DataFrame, highest_of: Mapping[str, float]) -> bool:
    """Whether no suspect is far beyond the highest numbers so far, so that further rows can accuse none."""
    limit = _limit(highest_of)
    return bool(suspected.select(((limit > 0) & (pl.col("number") <= pl.col("times") * limit)).all()).item())


def _highest(numbers: pl.Series) -> float:
    return float(numbers.max() or 0)  # type: ignore[arg-type]


def _limit(highest_of: Mapping[str, float]) -> pl.Expr:
    return pl.col("column").replace_strict(highest_of, default=0.0, return_dtype=pl.Float64)


def _suspects_in(rows: pl.DataFrame, name: str) -> Iterator[pl.DataFrame]:
    numbers = rows[name]
    usual = numbers.gather_every(max(1, len(numbers) // _SAMPLE)).cast(pl.Float64).quantile(0.5, "lower") or 0.0
    least = max(_LEAST, TIMES_OTHERS * usual)
    if _highest(numbers) <= least:
        return
    far = rows.filter(numbers.cast(pl.Float64) > least)
    digits = pl.col(name).cast(pl.Float64).cast(pl.Int64).cast(pl.String)
    whole = far.filter(pl.col(name) == pl.col(name).floor()).with_columns(_digits=digits)
    reason = pl.coalesce(
        pl.when(pl.col(one).str.strip_chars_start("0") == pl.col("_digits")).then(pl.lit(what))
        for one, what in _IDS.items()
    )
    barcode = pl.when(_is_barcode(pl.col("_digits"))).then(pl.lit("a barcode"))
    yield (
        whole.with_columns(of_line=reason)
        .with_columns(what=pl.coalesce("of_line", barcode))
        .filter(pl.col("what").is_not_null())
        .select(
            ROW_NUMBER,
            ITEM,
            column=pl.lit(name),
            reason=pl.col("what") + pl.lit(f", not {'a' if name == 'quantity' else 'an'} {_NAMES[name]}"),
            number=pl.col(name).cast(pl.Float64),
            times=pl.when(pl.col("of_line").is_null()).then(float(TIMES_OTHERS_BARCODE)).otherwise(float(TIMES_OTHERS)),
        )
    )


def _is_barcode(digits: pl.Expr) -> pl.Expr:
    """Whether a number is a GTIN: its digits, weighed 1 and 3 in turn from the last one, add up to a multiple of 10."""
    padded = digits.str.zfill(14)
    total = pl.sum_horizontal(
        padded.str.slice(place, 1).cast(pl.Int32, strict=False) * (3 if place % 2 == 0 else 1) for place in range(14)
    )
    return digits.str.len_bytes().is_in(_BARCODE_DIGITS) & (total % 10 == 0)
