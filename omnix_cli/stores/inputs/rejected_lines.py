"""Lines of a text file that are not rows, as quarantine rows."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import polars as pl

_LONGEST_VALUE = 200


@dataclass(frozen=True)
class RejectedLine:
    """A line, its number from 1, and why it is not a row."""

    number: int
    reason: str
    text: str


def as_frame(lines: list[RejectedLine]) -> pl.DataFrame:
    """The lines in the form of `schemas.Quarantine`, without the name of the file."""
    return pl.DataFrame(
        {
            "row_number": [line.number for line in lines],
            "item": [0] * len(lines),
            "column": [None] * len(lines),
            "value": [line.text[:_LONGEST_VALUE] for line in lines],
            "reason": [line.reason for line in lines],
            "expected": [False] * len(lines),
            "row": [orjson.dumps({"line": line.text}).decode() for line in lines],
        },
        schema={
            "row_number": pl.UInt64,
            "item": pl.UInt32,
            "column": pl.String,
            "value": pl.String,
            "reason": pl.String,
            "expected": pl.Boolean,
            "row": pl.String,
        },
    )


def undecodable(block: bytes, number: int, first: int) -> RejectedLine:
    """A line that is not UTF-8: the `number`-th of a block whose first line has the number `first`."""
    return RejectedLine(first + number, "not UTF-8", block.split(b"\n")[number].decode("latin-1"))
