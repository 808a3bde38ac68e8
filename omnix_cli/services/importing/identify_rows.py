"""Identify: the id of every row, and the hashes by which rows of the same group are found.

An id that the input gives stays as it is. All others are made here, from content."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.groups import identity, plain_groups, stated_lines
from omnix_cli.steps.imports.groups.identity import CHANGED, FILE, LINE_NUMBER, MADE, RETURNED, WRITTEN
from omnix_cli.steps.imports.groups.merge import AGAIN
from omnix_cli.steps.imports.groups.stated_lines import ASIDE, BASE, DOCUMENT, GROUP, RUN, RUN_TYPE
from omnix_cli.steps.imports.ordering import sorted_by_text

Hashes = npt.NDArray[np.uint64]

NO_HASHES: Hashes = np.zeros(0, np.uint64)
_LARGE = 64
"""A run does not number a group with more lines than this: equal ones may be counted instead."""
_FEW = 64
"""Up to this many hashes are searched one by one ..."""
_MANY = 1 << 18
"""... and up to this many by their first bits, since nearly all rows are none of a few. A table of them stays in the
cache."""
_TRANSIENT = {RETURNED: pl.Boolean(), CHANGED: pl.Datetime("us", "UTC")}


@dataclass(frozen=True)
class PlainGroups:
    """The sorted hashes of a run; the places and rows (with GROUP) of groups that have several rows; and the sorted
    hashes of those groups that are plain (see `plain_groups`), as long as no other row has their hash."""

    ordered: Hashes
    places: npt.NDArray[np.intp]
    rows: pl.DataFrame
    groups: Hashes

    def once(self) -> Hashes:
        """The hashes of the run, sorted; those of plain groups are there once."""
        if not self.groups.size:
            return self.ordered
        further = np.append(False, self.ordered[1:] == self.ordered[:-1])
        further[further] = among(self.ordered[further], self.groups)
        once: Hashes = self.ordered[~further]
        return once


@dataclass(frozen=True)
class Identifier:
    """Gives the rows of one import their ids and groups. Orders are told apart within `scope`; `whole_orders` says that
    an input always has all lines of an order, `documents` that each order is a document."""

    kind: str
    scope: tuple[str, ...] = ("shop", "day")
    whole_orders: bool = False
    documents: bool = False
    joins: bool = False
    """Whether rows join those that stand and replace none, as rows do that were missing from their file before."""

    @classmethod
    def of(cls, mapping: ColumnMapping, *, joins: bool = False) -> Identifier:
        whole = mapping.replaces_orders and not joins
        return cls(mapping.kind, mapping.order_scope, whole, mapping.items is not None, joins)

    @property
    def own_id(self) -> str:
        return FRAMES[self.kind].key[0]

    @property
    def range_column(self) -> str:
        return FRAMES[self.kind].sort[0]

    def identified(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with their ids and the columns that `stated` needs."""
        made = identity.with_made_ids(rows, self.kind, self.scope).drop(WRITTEN, LINE_NUMBER, strict=False)
        if self.kind != "purchases":
            return made
        return made.with_columns(
            pl.lit(None if name == CHANGED else False, dtype).alias(name)
            for name, dtype in _TRANSIENT.items()
            if name not in made.columns
        )

    def ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows sorted, with their ids. They are made after sorting, so that they are in memory in that order."""
        ordered = sorted_by_text(rows, self.range_column)
        return ordered if self.is_identified(rows) else self.identified(ordered)

    def is_identified(self, rows: pl.DataFrame) -> bool:
        return MADE in rows.columns or self.kind not in ("purchases", "interactions")

    def groups(self, rows: pl.DataFrame) -> Hashes:
        """The hashes of the groups of rows whose ids have no numbers of further lines yet."""
        ids = rows[self.own_id]
        if MADE in rows.columns and not rows[MADE].all():
            ids = identity.groups(ids, self.kind)
        return stated_lines.group_hashes(ids, self.kind, whole_orders=self.whole_orders).to_numpy()

    def current_groups(self, rows: pl.DataFrame) -> tuple[pl.Series, Hashes]:
        """The group ids of current rows, and their hashes."""
        base = identity.groups(rows[self.own_id], self.kind)
        return base, stated_lines.group_hashes(base, self.kind, whole_orders=self.whole_orders).to_numpy()

    def exact(self, rows: pl.DataFrame, group_ids: pl.Series) -> Hashes:
        """Hashes of the group and of the whole content, status included."""
        content = identity.content_hashes(rows, self.kind)
        return pl.DataFrame({"group": group_ids, "content": content}).hash_rows().to_numpy()

    def plain(self, run: pl.DataFrame, hashes: Hashes) -> PlainGroups:
        """The groups with several rows in a run, and which of them are plain."""
        order = np.argsort(hashes)
        ordered: Hashes = hashes[order]
        equal = np.flatnonzero(ordered[1:] == ordered[:-1])
        if not equal.size or self.whole_orders or self.joins:
            return replace(NO_GROUPS, ordered=ordered)
        places = np.unique(np.concatenate([order[equal], order[equal + 1]]))
        rows = run[places].with_columns(pl.Series(GROUP, hashes[places]))
        groups = plain_groups.plain(rows, self.kind).to_numpy()
        large = ordered[_LARGE:][ordered[_LARGE:] == ordered[:-_LARGE]]
        return PlainGroups(ordered, places, rows, groups[~among(groups, np.unique(large))])

    def numbered(self, rows: pl.DataFrame) -> pl.Series:
        """The ids of the rows of plain groups, with the numbers of further lines."""
        return plain_groups.numbered(rows, self.kind)

    def hashed_current(self, rows: pl.DataFrame, *, again: bool) -> pl.DataFrame:
        """Current rows with the hashes of their groups and of their whole content, and whether their import is read
        again."""
        base, groups = self.current_groups(rows)
        return rows.with_columns(
            base.alias(BASE),
            pl.Series(GROUP, groups, pl.UInt64),
            pl.Series("exact", self.exact(rows, base), pl.UInt64),
            pl.lit(again).alias(AGAIN),
        )

    def compared_current(self, rows: pl.DataFrame, *, again: bool) -> pl.DataFrame:
        """The same with the hashes of their lines, to be compared in full."""
        hashed = self.hashed_current(rows, again=again)
        return hashed.with_columns(stated_lines.line_hashes(rows, hashed[BASE], self.kind))

    def stated(self, rows: pl.DataFrame, *, aside: bool = False, run: int | None = None) -> pl.DataFrame:
        """Identified rows as counted lines of stated_lines. Raises `DataError` when a file gives an id to rows of two
        customers."""
        self._refuse_shared_ids(rows)
        return self._counted(
            rows.drop(MADE, strict=False).with_columns(pl.lit(1, pl.Int64).alias("_times")), aside, run, recorded=False
        )

    def recorded(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows that stand for `_times` equal ones as counted lines of stated_lines."""
        returned = [(pl.col("kind") == "return").alias(RETURNED)] if self.kind == "purchases" else []
        return self._counted(rows.with_columns(returned), False, None, recorded=True)

    def _counted(self, rows: pl.DataFrame, aside: bool, run: int | None, *, recorded: bool) -> pl.DataFrame:
        rows = stated_lines.hashed(rows, self.kind, whole_orders=self.whole_orders)
        document = pl.col(ROW_NUMBER) if self.documents and self.whole_orders else pl.lit(0, pl.UInt64)
        place = pl.lit(None, RUN_TYPE)
        if run is not None:
            cancelled = identity.is_cancelled(rows).alias("cancelled")
            number = identity.numbers(rows[self.own_id], rows[BASE]).alias("number")
            place = pl.struct(pl.lit(run, pl.Int32).alias("run"), FILE, ROW_NUMBER, ITEM, cancelled, number)
        rows = rows.with_columns(
            document.alias(DOCUMENT),
            pl.lit(aside).alias(ASIDE),
            place.alias(RUN),
            pl.when(recorded).then("_times").otherwise(0).alias("_recorded"),
            *([] if CHANGED in rows.columns else [pl.lit(None, _TRANSIENT[CHANGED]).alias(CHANGED)]),
        )
        return stated_lines.counted(rows.select(sorted(rows.columns)))

    def _refuse_shared_ids(self, rows: pl.DataFrame) -> None:
        if MADE not in rows.columns:
            return
        given = rows.filter(~pl.col(MADE)).select(self.own_id, FILE, self.range_column).unique()
        shared = given.filter(pl.struct(self.own_id, FILE).is_duplicated())[self.own_id].sort()
        if not shared.is_empty():
            hint = "Nothing was imported. Fix the ids, or leave the column out: omnix then makes ids from content."
            raise DataError(f"the {self.own_id} `{shared[0]}` is given to rows of different customers", hint=hint)


def among(hashes: Hashes, some: Hashes) -> npt.NDArray[np.bool_]:
    """Which of the hashes are among some sorted ones."""
    if some.size <= _FEW:
        return np.isin(hashes, some)
    if some.size > _MANY:
        return _found(hashes, some)
    shift = np.uint64(64 - 5 - int(some.size).bit_length())  # at most every 16th beginning is one of theirs
    beginnings = np.zeros(1 << (64 - int(shift)), bool)
    beginnings[some >> shift] = True
    found: npt.NDArray[np.bool_] = beginnings[hashes >> shift]
    likely = np.flatnonzero(found)
    found[likely] = _found(hashes[likely], some)
    return found


def _found(hashes: Hashes, some: Hashes) -> npt.NDArray[np.bool_]:
    places = np.searchsorted(some, hashes)
    found: npt.NDArray[np.bool_] = some[np.minimum(places, len(some) - 1)] == hashes
    return found


NO_GROUPS = PlainGroups(NO_HASHES, np.zeros(0, np.intp), pl.DataFrame(), NO_HASHES)
