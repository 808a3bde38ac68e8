"""Dates and times in the spellings of databases, mails and browsers, rewritten to plain ones."""

from __future__ import annotations

import polars as pl

_ZONES = {
    **dict.fromkeys(("Z", "UT", "UTC", "GMT"), 0),
    **{"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420},
}
"""The zones that RFC 822 names, in minutes east of Greenwich. Other names mean different zones in different places."""

_WEEKDAY = r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?: [AP]M)?"
_OFFSET = (
    r"(?:" + _CLOCK + r"|T\d{4}(?:\d\d)?(?:\.\d+)?)\s*("
    r"(?:UTC|GMT)?\s?[+-]\d\d(?::?\d\d)?|Z|UTC?|GMT|[ECMP][SD]T)$"
)
_MIDNIGHT = r"(?:[T ]00:00(?::00(?:\.0+)?)?)?"
_STEPS = (
    (r"\s+", " "),
    (_WEEKDAY, ""),
    (r"\s*(?:\[[^\]]*\]|\([^)]*\))$", ""),  # +01:00[Europe/Paris], GMT+0100 (Central European Standard Time)
    (r"(?i)(:\d\d) (?:uhr|hrs?|h)$", "$1"),
    (rf"(\d){_MIDNIGHT} (?:1899-12-3[01]|1900-01-0[01])[T ](\d)", "$1 $2"),  # a day joined with a time on day zero
    (r"(\d)[T ]00:00(?::00(?:\.0+)?)? (\d{1,2}:?\d\d.*)$", "$1 $2"),  # a midnight joined with a time
    (r"^([\d/.-]{8,10}) (\d{1,2})(\d\d)(\d\d)$", "$1 $2:$3:$4"),  # times as numbers
    (r"^([\d/.-]{8,10}) (\d{1,2})(\d\d)$", "$1 $2:$3"),
    (r"^([\d/.-]{8,10}) (\d\d)\.(\d\d)$", "$1 $2:$3"),
    (r"(?i) (\d{1,2}) ?h ?(\d\d)$", " $1:$2"),
    (r"(?i)\b([ap])\.?\s?m\b\.?", "${1}M"),
    (r"(\d)([aApP]M)\b", "$1 $2"),
    (r"\ba(M)\b", "A$1"),
    (r"\bp(M)\b", "P$1"),
    (r"^([A-Za-z]{3} \d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$", "$1 $3 $2"),  # asctime
    (r"^([A-Za-z]{3} \d{1,2}) (\d\d:\d\d:\d\d) ([A-Z]{1,4}|[+-]\d{4}) (\d{4})$", "$1 $4 $2 $3"),  # the command date
    (r"^(\d{1,2}[A-Za-z]{3}\d{2,4}):(\d)", "$1 $2"),  # SAS
    (r"([ T])(\d{1,2})\.(\d\d)\.(\d\d)(\D|$)", "$1$2:$3:$4$5"),  # Oracle
    (r"(:\d\d),(\d)", "$1.$2"),
    (r"(\.\d{9})\d+", "$1"),
    (r",? (\d{1,2}:\d\d)", " $1"),
    (r"^(" + _CLOCK + r"),? (.*\d)$", "$2 $1"),
    (r"(?i)^((?:\d{1,2}[ /-])?[a-z]{3,})\.", "$1"),  # Mar. 9, 2024
    (r"(?i)\b(sep)t\b", "$1"),
    (r"^(\d{8})\.0+$", "$1"),
)


def rewritten(written: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Each text without its weekday and offset, the date before the time; and its offset east of Greenwich, as a
    duration, null where there is none."""
    plain = written
    for pattern, replacement in _STEPS:
        plain = plain.str.replace_all(pattern, replacement)
    found = plain.str.extract(_OFFSET)
    if found.null_count() == len(found):
        return plain, pl.repeat(None, len(written), dtype=pl.Duration("us"), eager=True)
    head = pl.DataFrame({"plain": plain, "offset": found}).select(
        pl.when(pl.col("offset").is_null())
        .then("plain")
        .otherwise(pl.col("plain").str.head(pl.col("plain").str.len_chars() - pl.col("offset").str.len_chars()))
        .str.strip_chars()
    )
    return head.to_series(), _minutes(found)


def _minutes(offsets: pl.Series) -> pl.Series:
    parts = offsets.str.extract_groups(r"([+-])(\d\d):?(\d\d)?$").struct.unnest()
    sign = pl.when(pl.col("1") == "-").then(-1).otherwise(1)
    minutes = sign * (pl.col("2").cast(pl.Int64) * 60 + pl.col("3").cast(pl.Int64).fill_null(0))
    named = pl.lit(offsets).replace_strict(_ZONES, default=None, return_dtype=pl.Int64)
    return parts.select(pl.duration(minutes=pl.coalesce(minutes, named)).cast(pl.Duration("us"))).to_series()
