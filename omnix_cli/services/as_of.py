"""The day for which a run computes its results: only rows of earlier days count."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.protocols.checkpoints import StoredFrame

NO_PURCHASES = "there are no purchases yet"
IMPORT_SOME = "Import some with `omnix import purchases FILES...`."


def resolve_as_of(as_of: str, *, purchases: StoredFrame, now: datetime, timezone: str) -> date:
    """The day that `as_of` names: a date, `today` in the shop's time zone, or `latest` (the day after the newest
    purchase).

    Raises `ConfigError` for anything else, and `DataError` for `latest` when there are no purchases."""
    if as_of == "today":
        return now.astimezone(ZoneInfo(timezone)).date()
    if as_of != "latest":
        return parse_day(as_of)
    newest = purchases.scan().select(pl.col("purchase_day").max()).collect().item()
    if newest is None:
        raise DataError(NO_PURCHASES, hint=IMPORT_SOME)
    return newest + timedelta(days=1)  # type: ignore[no-any-return]


def parse_day(text: str) -> date:
    """A day written as 2018-01-31. Raises `ConfigError` for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        hint = "Give a date such as 2018-01-31, `today` or `latest`."
        raise ConfigError(f"as-of {text!r} is not a day", hint=hint) from None
