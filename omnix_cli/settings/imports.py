"""Settings of imports."""

from __future__ import annotations

import difflib
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator

from omnix_cli.settings.section import Section, Share, Texts
from omnix_cli.store_kinds import check_kind


def _nearest_timezone(name: str) -> str:
    """The time zone that is meant: by its whole name, or by its city alone, as in `Paris`."""
    known = sorted(available_timezones())
    cities = {zone.rpartition("/")[2].lower(): zone for zone in reversed(known) if "/" in zone}
    if name.lower() in cities:
        return cities[name.lower()]
    return next(iter(difflib.get_close_matches(name, known, n=1)), "Europe/Berlin")


def check_timezone(name: str) -> str:
    """The name of a time zone that exists. Raises ValueError for another."""
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, KeyError):
        raise ValueError(f"there is no time zone {name!r}; did you mean {_nearest_timezone(name)}?") from None


class SourceSettings(Section):
    """One input that `omnix run` imports before it does anything else."""

    kind: Literal["purchases", "products", "customers", "interactions", "orders"]
    """What the rows are."""
    files: Texts = ()
    """Files, folders or globs, relative to the current folder, or addresses such as `s3://bucket/prefix/*.csv.gz`."""
    store: Annotated[str, AfterValidator(check_kind)] | None = None
    """Read the whole table of this kind from this store instead of files."""
    sheet: str | None = None
    """The sheet of an Excel workbook, `*` for all of them; unset: the first."""
    at: str | None = Field(None, coerce_numbers_to_str=True)
    """The version of a Delta or Iceberg table: its number, or a time; unset: the newest."""
    mapping: str | None = None
    """A recipe for the columns: a name in `configs/mappings/` or a path."""
    complete: bool | None = None
    """Whether the files are all products or customers there are: what they lack is no longer offered. For a Delta or
    Iceberg table of purchases: whether rows that it no longer has are withdrawn; unset: unless they are most of it."""
    map: dict[str, str] = {}
    """Single columns of it replaced, such as `{customer_id = "client"}`: omnix column = file column."""
    set: dict[str, str] = {}
    """omnix columns with the same value on every row, such as `{store_location = "Rome"}`."""
    encoding: str | None = None
    """The text encoding of the files, such as `cp1252`. Unset: detected."""
    day_first: bool | None = None
    """Whether 03/04/2024 is the third of April. Unset: detected."""

    @model_validator(mode="after")
    def _one_place(self) -> SourceSettings:
        if bool(self.files) == bool(self.store):
            raise ValueError("a source is either files or the table of a store")
        if self.store and self.kind == "orders":
            raise ValueError("no table holds orders: read `purchases` from the store instead")
        if self.complete and self.kind not in ("products", "customers") and not self.files:
            raise ValueError("only products, customers, and Delta or Iceberg tables can be complete")
        return self


class ImportSettings(Section):
    """How input files are imported."""

    max_bad: Share = 0.01
    """The largest share of bad rows. With more, the import stops with exit code 3 and imports nothing."""
    bad_file: Literal["refuse", "leave_out"] = "refuse"
    """A file with too many bad rows, or one that cannot be read, among good ones: refuse the whole import, or leave
    this file out."""
    timezone: Annotated[str, AfterValidator(check_timezone)] = "UTC"
    """The time zone of the shop: used for the date of a purchase and for times without an offset."""
    max_row_fall: Share | None = None
    """Refuse an import with fewer rows than usual: this much below the median of past imports. Unset: only warn."""
    max_age_days: int | None = Field(None, ge=0)
    """Refuse an import whose newest row is older than this many days. Unset: only warn."""
    cut_orders: Literal["join", "replace"] = "join"
    """What happens to an order that ends one file of an import and begins another: its lines are joined, or those of
    the later file replace the others."""
    sources: tuple[SourceSettings, ...] = ()
    """What `omnix run` imports first."""

    @field_validator("sources")
    @classmethod
    def _complete_once(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        for source in sources:
            is_whole = source.complete and source.kind in ("products", "customers")
            if is_whole and sum(other.kind == source.kind for other in sources) > 1:
                raise ValueError(
                    f"a complete source must be the only one of its kind: list all files of {source.kind} in it"
                )
        return sources
