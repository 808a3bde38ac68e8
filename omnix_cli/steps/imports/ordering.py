"""Sorting by texts at the price of sorting by numbers.

Short ASCII texts compare like the big-endian numbers that their bytes make; for others, the distinct ones are sorted
and the rows by their rank.
"""

from __future__ import annotations

import polars as pl

_WORD = 8
_LONGEST_AS_NUMBER = 2 * _WORD


def sorted_by_text(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows sorted by one text column, equal ones in their present order."""
    empty = [name for name in rows.columns if name != column and rows[name].null_count() == rows.height]
    keys = text_keys(rows[column])
    names = [f"_key_{number}" for number in range(len(keys))]
    keyed = rows.drop(empty).with_columns(key.alias(name) for key, name in zip(keys, names, strict=True))
    again = (pl.lit(None, rows.schema[name]).alias(name) for name in empty)  # nothing in them to be sorted
    return keyed.sort(names, maintain_order=True).drop(names).with_columns(again).select(rows.columns)


def text_keys(texts: pl.Series) -> list[pl.Series]:
    """Columns that sort as these texts do (by their bytes), and sort fast."""
    bytes_long = texts.str.len_bytes()
    longest = int(bytes_long.top_k(1).sum())
    plain = longest <= _LONGEST_AS_NUMBER and bytes_long.sum() == texts.str.len_chars().sum()
    if not plain or texts.str.contains("\0", literal=True).any():
        return [texts.cast(pl.Enum(texts.unique().drop_nulls().sort()))]
    words = 1 if longest <= _WORD else 2
    padded = pl.col(texts.name).str.pad_end(words * _WORD, "\0").cast(pl.Binary)
    return (
        texts.to_frame()
        .select(
            padded.bin.slice(word * _WORD, _WORD).bin.reinterpret(dtype=pl.UInt64, endianness="big").alias(f"{word}")
            for word in range(words)
        )
        .get_columns()
    )
