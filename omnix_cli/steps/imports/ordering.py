"""Sorting rows by texts, as fast as by numbers.

Short texts are compared as the big-endian numbers of their bytes; of long ones, the distinct texts are sorted and the
rows by their rank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_WORD = 8
_CACHED = 1 << 14
"""Numbers processed at a time: the intermediate results stay in the cache."""
_INLINE = 12
"""Arrow keeps texts of up to this many bytes in its views: four bytes for the length, then these, padded with zeros."""


def sorted_by_text(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows sorted by a text column; equal ones keep their order."""
    order = _order(text_keys(rows[column]))
    columns = (  # gathering is ten times as fast from one chunk
        values if is_constant(values) else values.rechunk().gather(order) for values in rows.iter_columns()
    )
    return pl.DataFrame(columns, height=rows.height)


def is_constant(values: pl.Series) -> bool:
    """Whether all values are the same, as far as that is cheap to know."""
    if values.null_count():
        return values.null_count() == len(values)
    cheap = values.dtype.is_integer() or isinstance(values.dtype, pl.Boolean | pl.Enum)
    return cheap and bool((values == values.head(1)).all())


def text_keys(texts: pl.Series) -> list[pl.Series]:
    """Columns that sort like these texts (by their bytes), but fast."""
    if texts.is_empty() or texts.null_count():
        return [_ranks(texts)]
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    rows, buffer = slice(array.offset, array.offset + len(array)), array.buffers()[1]
    lengths = np.frombuffer(buffer, np.uint32).reshape(-1, 4)[rows, 0]
    longest = lengths.max()
    if longest > _INLINE:
        return [_ranks(texts)]
    words = np.frombuffer(buffer, ">u4").reshape(-1, 4)[rows]
    first = words[:, 1].astype(np.uint64) << 32 | words[:, 2]
    # Texts that differ only in NUL bytes at their ends are sorted by their length.
    if longest < _WORD:
        return [pl.Series(first | lengths)]
    return [pl.Series(first), pl.Series(words[:, 3].astype(np.uint64) << 32 | lengths)]


def _ranks(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Enum(texts.unique().drop_nulls().sort()))


def _order(keys: list[pl.Series]) -> pl.Series:
    """The positions of the rows in their new order."""
    if len(keys) == 1 and keys[0].dtype == pl.UInt64 and len(keys[0]):
        packed = _squeezed(keys[0].to_numpy())
        room = len(packed).bit_length()
        if int(packed.max()) < 1 << (64 - room):  # key and position fit into one number
            packed <<= room
            packed |= np.arange(len(packed), dtype=np.uint64)
            packed.sort()
            return pl.Series((packed & ((1 << room) - 1)).astype(np.uint32))
    frame = pl.DataFrame({str(number): key for number, key in enumerate(keys)})
    return frame.select(pl.arg_sort_by(frame.columns, maintain_order=True)).to_series()


def _squeezed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Smaller numbers in the same order: without the leading bits of each byte that are equal in all numbers."""
    differing = int(np.bitwise_or.reduce(numbers) ^ np.bitwise_and.reduce(numbers))
    widths = [(differing >> 8 * byte & 0xFF).bit_length() for byte in range(_WORD)]
    squeezed = np.zeros_like(numbers)
    for start in range(0, len(numbers), _CACHED):
        some, into = numbers[start : start + _CACHED], squeezed[start : start + _CACHED]
        place = 0
        for byte, bits in enumerate(widths):
            if bits:
                into |= (some >> 8 * byte & ((1 << bits) - 1)) << place
                place += bits
    return squeezed
