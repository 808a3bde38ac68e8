"""Statements: all rows of one file, or of one document, about one group of lines.

Lines are counted, not listed: however often a line is repeated in a file, its statement has one row of it."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.groups.identity import (
    CHANGED,
    FILE,
    PLACE,
    content_hashes,
    document_keys,
    groups,
    is_cancelled,
    modes,
    order_keys,
)

GROUP, LINE, DOCUMENT = "_group", "_content", "_document"
"""Hashes of a row's group and of its content without its status; and the number of its document (0: none)."""
ASIDE = "_aside"
"""Whether a rule of the mapping sets the row aside: then it takes out a line and is not stored."""
RUN = "_run"
"""The run that a row was written with, its place and its number there; null if it was not written."""
RUN_TYPE = pl.Struct(
    {
        "run": pl.Int32,
        FILE: pl.Int32,
        ROW_NUMBER: pl.UInt64,
        ITEM: pl.UInt32,
        "cancelled": pl.Boolean,
        "number": pl.UInt32,
    }
)

BASE, MODE, TURN = "_base", "_mode", "_turn"
"""The id of a row's group, how its statements are merged, and when it is the statement's turn in its group."""

_KEYS = [GROUP, LINE, FILE, DOCUMENT]
_STATEMENT = [GROUP, FILE, DOCUMENT]
_TIMES = ("purchased_at", "purchase_day")


class Edges(NamedTuple):
    """The orders (FILE, `order`, `begins`, `ends`) that files begin or end with, and whether an order that ends one
    file and begins another is joined."""

    orders: pl.DataFrame
    join: bool

    @classmethod
    def none(cls) -> Edges:
        return cls(
            pl.DataFrame(schema={FILE: pl.Int32, "order": pl.String, "begins": pl.Boolean, "ends": pl.Boolean}), False
        )


class Statements(NamedTuple):
    """One row for each line of each statement, with its TURN, and the later rows of the same file that make a row of it
    void (`dropped`); and counts of what was noticed, by code."""

    lines: pl.DataFrame
    dropped: pl.DataFrame
    counts: dict[str, int]


def group_hashes(group_ids: pl.Series, kind: str, *, whole_orders: bool) -> pl.Series:
    """GROUP: the hash of the group's id; or of its order or return, where these are replaced as a whole."""
    if whole_orders and kind == "purchases":
        documents = document_keys(group_ids)
        group_ids = pl.select(pl.coalesce(documents, group_ids)).to_series()
    return group_ids.hash().alias(GROUP)


def line_hashes(rows: pl.DataFrame, group_ids: pl.Series, kind: str) -> pl.Series:
    """LINE: a hash of the group's id and of the content without its status. Where the written time is in the id, the
    instant is no content: it changes when a time zone is corrected."""
    if kind != "purchases":
        content = content_hashes(rows, kind)
    elif rows["order_id"].null_count() == 0:
        content = content_hashes(rows, kind, without=("kind",))
    else:
        timeless = content_hashes(rows, kind, without=("kind", *_TIMES))
        content = content_hashes(rows, kind, without=("kind",))
        content = pl.select(pl.when(rows["order_id"].is_null()).then(timeless).otherwise(content)).to_series()
    return pl.DataFrame({"id": group_ids, "content": content}).hash_rows().alias(LINE)


def hashed(rows: pl.DataFrame, kind: str, *, whole_orders: bool) -> pl.DataFrame:
    """The rows with BASE, GROUP and LINE."""
    base = groups(rows[FRAMES[kind].key[0]], kind).alias(BASE)
    lines = line_hashes(rows, base, kind)
    return rows.with_columns(base, group_hashes(base, kind, whole_orders=whole_orders), lines)


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Equal rows of one statement as one row, which counts them; also of rows that are counted already.

    A standing line adds one, a cancelled one takes one away, never below none. So any sequence of them turns a count
    `n` into `max(n + _sum, _floor)`, and two sequences are one. In the same way, it turns a count of cancellations that
    no later line took back into `max(count - _sum, _taken_floor)`. That holds for lines that follow each other, so that
    lines which are counted for the first time stay apart where one of them takes away: others may lie between them."""
    apart = None
    if "_sum" not in rows.columns:
        taken = pl.col(ASIDE) | is_cancelled(rows)
        rows = rows.with_columns(
            pl.when(taken).then(-1).otherwise("_times").cast(pl.Int64).alias("_sum"),
            pl.lit(0, pl.Int64).alias("_floor"),
            pl.lit(0, pl.Int64).alias("_taken_floor"),
            pl.when(ASIDE).then(0).otherwise("_times").cast(pl.Int64).alias("_rows"),
            pl.when(taken & ~pl.col(ASIDE)).then(1).otherwise(0).cast(pl.Int64).alias("_cancels"),
            taken.cast(pl.Int64).alias("_taken"),
            pl.struct(ROW_NUMBER, ITEM).alias("_last"),
            (~taken).alias("_stands"),
        ).drop("_times")
        if (rows["_taken"] > 0).any():
            takes = pl.col("_taken").max().over(_KEYS) > 0
            apart, rows = rows.filter(takes), rows.filter(~takes)
    if rows.select(pl.struct(_KEYS).is_duplicated().any()).item():
        rows = _combined(rows)
    return rows if apart is None else pl.concat([rows, apart])


def _combined(rows: pl.DataFrame) -> pl.DataFrame:
    last = [pl.col("_last").struct.field(name) for name in (ROW_NUMBER, ITEM)]
    combined = {
        "_sum": pl.col("_sum").sum(),
        "_floor": pl.col("_sum").sum() + (pl.col("_floor") - pl.col("_sum").cum_sum()).max(),
        "_taken_floor": (pl.col("_taken_floor") + pl.col("_sum").cum_sum()).max() - pl.col("_sum").sum(),
        "_rows": pl.col("_rows").sum(),
        "_cancels": pl.col("_cancels").sum(),
        "_taken": pl.col("_taken").sum(),
        "_recorded": pl.col("_recorded").sum(),
        "_last": pl.col("_last").sort_by(*last).last(),
        "_stands": pl.col("_stands").sort_by(*last).last(),
        ASIDE: pl.col(ASIDE).all(),
        RUN: pl.col(RUN).drop_nulls().first(),
        CHANGED: pl.col(CHANGED).max(),
    }
    others = [name for name in rows.columns if name not in combined and name not in _KEYS]
    return (
        rows.sort(*PLACE, maintain_order=True)
        .group_by(_KEYS, maintain_order=True)
        .agg(pl.col(others).first(), *(value.alias(name) for name, value in combined.items()))
        .select(rows.columns)
    )


def statements(
    rows: pl.DataFrame, kind: str, edges: Edges, *, whole_orders: bool = False, joins: bool = False
) -> Statements:
    """The statements that counted rows (of several pieces) make, in turn; orders that are cut between two files are
    joined. With `joins`, no statement replaces lines of an order."""
    rows = counted(rows)
    mode = modes(rows[BASE], kind, whole_orders=whole_orders).alias(MODE)
    if joins:
        mode = mode.cast(pl.String).replace("order", "lines").cast(mode.dtype)
    rows = rows.with_columns(
        mode,
        pl.max_horizontal(pl.col("_sum"), pl.col("_floor")).alias("n"),
        pl.max_horizontal(-pl.col("_sum"), pl.col("_taken_floor")).alias("out"),
        pl.col(rows.columns[1] if kind not in ("purchases", "interactions") else "customer_id").hash().alias("_who"),
        (pl.col("purchased_at").to_physical() if kind == "purchases" else pl.lit(0, pl.Int64)).alias("_when"),
    )
    rows, dropped = _last_words(rows)
    rows = rows.join(_turns(rows, edges), on=_STATEMENT, how="left", maintain_order="left")
    news = {"cancelled_at_cut": rows.filter("_news").height}
    rows = rows.drop("_news")
    return Statements(rows, dropped, {**_equal_at_cuts(rows), **_in_one_file(rows), **news})


def _last_words(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without those that a later row of the same file makes void, and these: earlier rows of a given id or of
    a numbered line, and earlier documents about an order."""
    last = pl.col("_place")  # a number, since polars may panic when it compares structs
    row, item = (pl.col("_last").struct.field(name).cast(pl.Int128) for name in (ROW_NUMBER, ITEM))
    rows = rows.with_columns((row * 2**32 + item).alias("_place"))
    void = (
        pl.when(pl.col(MODE) == "last")
        .then(last != last.max().over(_STATEMENT))
        .when(pl.col(MODE) == "document")
        .then(
            pl.col(DOCUMENT) != pl.col(DOCUMENT).sort_by(CHANGED, DOCUMENT, nulls_last=False).last().over(GROUP, FILE)
        )
        .otherwise(False)
    )
    numbered = _is_numbered()
    single = (pl.col(MODE) == "last") | numbered
    if rows.select(single.any()).item():
        stands = pl.col("_stands").cast(pl.Int64)
        void |= numbered & (last != last.max().over([*_STATEMENT, BASE, "_who", "_when"]))
        rows = rows.with_columns(
            pl.when(single).then(stands).otherwise("n").alias("n"),
            pl.when(single).then(1 - stands).otherwise("out").alias("out"),
        )
    marked = rows.with_columns(void.alias("_void"))
    if not marked["_void"].any():
        return rows, rows.clear()
    return marked.filter(~pl.col("_void")).drop("_void"), marked.filter("_void").drop("_void")


def _is_numbered() -> pl.Expr:
    """Whether a row has the number of a line of its order."""
    return pl.col(BASE).str.contains("#%line ", literal=True) & pl.col(MODE).is_in(["order", "document"])


def _turns(rows: pl.DataFrame, edges: Edges) -> pl.DataFrame:
    """For each statement its TURN in its group (0 first), whether it may be a fragment: whether its order may go on
    beyond its file, and whether it was taken for news of an order that may also go on there. Both parts of an order
    that is cut between two files have one TURN; if one changed later, it is a correction."""
    whole = rows.group_by(_STATEMENT).agg(
        pl.col(BASE).first(),
        pl.col(MODE).first(),
        pl.col(CHANGED).max(),
        pl.col("_who").min(),
        (pl.col("_sum") + pl.col("_taken") == 0).all().alias("_takes"),
    )
    whole = whole.sort(GROUP, CHANGED, FILE, DOCUMENT, nulls_last=False)
    follows = pl.col(GROUP) == pl.col(GROUP).shift(1)
    if edges.orders.is_empty() or not (whole[MODE] == "order").any():
        turn = pl.int_range(pl.len(), dtype=pl.Int64).over(GROUP).alias(TURN)
        return whole.with_columns(turn, fragment=False, _news=False).select(*_STATEMENT, TURN, "fragment", "_news")
    keyed = whole.with_columns(order_keys(whole[BASE]).alias("order"))
    keyed = keyed.join(edges.orders, on=[FILE, "order"], how="left", maintain_order="left").with_columns(
        pl.col("begins", "ends").fill_null(False) & (pl.col(MODE) == "order")
    )
    cut = pl.col("ends").shift(1) & pl.col("begins") | pl.col("begins").shift(1) & pl.col("ends")
    same = pl.col("_who").eq(pl.col("_who").shift(1)) & pl.col(CHANGED).eq_missing(pl.col(CHANGED).shift(1))
    cut &= ~_is_numbered() & follows & same & (pl.col(FILE) != pl.col(FILE).shift(1)) & pl.lit(edges.join)
    keyed = keyed.with_columns(  # what only takes out lines is news of the order, and no part of it
        (cut & pl.col("_takes")).fill_null(False).alias("_news"),
        (cut & ~pl.col("_takes")).fill_null(False).alias("_goes_on"),
    )
    turns = keyed.with_columns(((~pl.col("_goes_on")).cast(pl.Int64).cum_sum().over(GROUP) - 1).alias(TURN))
    open_ends = (pl.col("begins").cast(pl.Int64) + pl.col("ends").cast(pl.Int64) - 2 * pl.col("_goes_on")).sum()
    fragment = (open_ends.over(GROUP, TURN) > 0).alias("fragment")
    return turns.with_columns(fragment).select(*_STATEMENT, TURN, "fragment", "_news")


def _equal_at_cuts(rows: pl.DataFrame) -> dict[str, int]:
    """How many groups were joined over a cut, and how many lines stand equally on both sides of one."""
    joined = rows.filter(pl.col(FILE).n_unique().over(GROUP, TURN) > 1)
    if joined.is_empty():
        return {}
    out = pl.when(pl.col("n") + pl.col("_floor") > 0).then(0).otherwise("out")
    equal = pl.col("n").sum() - pl.col("n").max() + out.sum() - out.max()
    lines = joined.group_by(GROUP, TURN, LINE).agg(equal.alias("equal"))
    return {"joined_at_cut": joined.select(GROUP, TURN).n_unique(), "equal_at_cut": int(lines["equal"].sum())}


def _in_one_file(rows: pl.DataFrame) -> dict[str, int]:
    """How many lines have the number of another line of their order in the same file, and how many lines without a
    number or an id are there both as cancelled and not."""
    numbered = rows.filter(_is_numbered(), pl.col("n") > 0)
    both = (pl.col("_cancels") > 0) & (pl.col("_sum") + pl.col("_taken") > 0) & (pl.col(MODE) != "last")
    return {
        "shared_line_number": numbered.height - numbered.select(*_STATEMENT, BASE).n_unique(),
        "cancelled_in_file": rows.filter(both, ~_is_numbered()).height,
    }
