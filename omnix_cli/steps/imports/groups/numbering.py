"""The rows that make a state of lines: which current rows stay, and the ids of those that are new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.groups.identity import FILE, PLACE, RETURNED, is_cancelled, numbers
from omnix_cli.steps.imports.groups.stated_lines import BASE, GROUP, LINE, RUN

NO_PLACES = pl.DataFrame(schema={"run": pl.Int32, FILE: pl.Int32, ROW_NUMBER: pl.UInt64, ITEM: pl.UInt32})


@dataclass(frozen=True)
class NewLines:
    """Lines to be stored: each content once (`contents`), and the `index` of a content, its `number` in its group and
    how many `times` it stands, under this and the next numbers. `superseded` are the ids of current rows that no longer
    stand; `staying` and `leaving` the places of rows that were written with a run, and whether they remain there."""

    kind: str
    contents: pl.DataFrame
    numbers: pl.DataFrame
    superseded: pl.DataFrame
    staying: pl.DataFrame
    leaving: pl.DataFrame

    def rows(self, size: int) -> Iterator[pl.DataFrame]:
        """The rows, so many at a time."""
        own_id = FRAMES[self.kind].key[0]
        ends = self.numbers["times"].cum_sum()
        lines = self.numbers.with_columns(ends.alias("end"), (ends - self.numbers["times"]).alias("begin"))
        number, begin = pl.col("number"), pl.col("begin")
        for first in range(0, int(self.numbers["times"].sum()), size):
            within = lines.filter(pl.col("end") > first, begin < first + size)
            low = number + (first - begin).clip(0)
            high = number + pl.min_horizontal(pl.col("end"), first + size) - begin
            some = within.select("index", pl.int_ranges(low, high).alias("number")).explode("number")
            rows = self.contents[some["index"]].with_columns(some["number"])
            plain = pl.col("number") == 1
            ids = pl.when(plain).then(BASE).otherwise(pl.format("{}#{}", BASE, "number"))
            yield rows.with_columns(ids.alias(own_id)).select(FRAMES[self.kind].schema.column_names())


def new_lines(state: pl.DataFrame, stated: pl.DataFrame, current: pl.DataFrame, kind: str) -> NewLines:
    """What must be written and what superseded, so that these lines stand: `stated` are the rows of the import."""
    own_id = FRAMES[kind].key[0]
    contents = _contents(stated, kind)
    current = current.with_columns(
        is_cancelled(current).alias("cancelled"), numbers(current[own_id], current[BASE]).alias("number")
    )
    wanted = _wanted(state)
    kept = _kept(wanted, current, contents)
    superseded = current.join(kept, on=own_id, how="anti").select(pl.col(own_id).alias("id")).sort("id")
    have = kept.group_by(GROUP, LINE, "cancelled").agg(pl.len().cast(pl.Int64).alias("have"))
    lacking = wanted.join(have, on=[GROUP, LINE, "cancelled"], how="left").with_columns(
        (pl.col("wanted") - pl.col("have").fill_null(0)).alias("lacking")
    )
    lacking = lacking.filter(pl.col("lacking") > 0).join(contents.drop(BASE, "cancelled"), on=[GROUP, LINE])
    lacking = lacking.sort(BASE, *PLACE).with_row_index("index")
    if "kind" in lacking.columns:
        lacking = lacking.with_columns(_kinds(lacking))
    numbered = _numbered(lacking, kept)
    staying, leaving = _runs(stated, lacking, numbered)
    places = staying.select("index", "number").with_columns(pl.lit(True).alias("remains"))
    numbered = numbered.join(places, on=["index", "number"], how="left", maintain_order="left")
    remains = pl.col("remains").fill_null(False)
    numbered = numbered.select("index", pl.col("number") + remains, pl.col("times") - remains)
    numbered = numbered.filter(pl.col("times") > 0)
    return NewLines(kind, lacking, numbered, superseded, staying.select(NO_PLACES.columns), leaving)


def _contents(stated: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Each line of the import as its last statement has it, at the place where it came first."""
    last = stated.sort(*PLACE).unique([GROUP, LINE], keep="last", maintain_order=True)
    first = stated.sort(*PLACE).group_by(GROUP, LINE, maintain_order=True).agg(pl.col(PLACE).first())
    return last.drop(PLACE).join(first, on=[GROUP, LINE]).with_columns(pl.lit(False).alias("cancelled"))


def _wanted(state: pl.DataFrame) -> pl.DataFrame:
    """How often each line is to be stored, and how often as cancelled."""
    return pl.concat(
        state.filter(pl.col(count) > 0).select(
            GROUP, LINE, BASE, pl.col(count).alias("wanted"), pl.lit(cancelled).alias("cancelled")
        )
        for count, cancelled in (("n", False), ("out", True))
    )


def _kept(wanted: pl.DataFrame, current: pl.DataFrame, contents: pl.DataFrame) -> pl.DataFrame:
    """The current rows that stay as they are, the first ones of each group."""
    found = current.join(wanted.select(GROUP, LINE, "wanted", "cancelled"), on=[GROUP, LINE, "cancelled"])
    if "purchased_at" in current.columns:
        stated = contents.select(GROUP, LINE, pl.col("purchased_at").alias("stated_at"))
        found = found.join(stated, on=[GROUP, LINE], how="left").filter(
            pl.col("stated_at").is_null() | (pl.col("stated_at") == pl.col("purchased_at"))
        )
    rank = pl.int_range(pl.len(), dtype=pl.Int64).over(GROUP, LINE, "cancelled", order_by="number")
    return found.filter(rank < pl.col("wanted"))


def _kinds(lacking: pl.DataFrame) -> pl.Expr:
    """The kind of a line: that of its rows, but one that only cancelled rows state is what they cancel."""
    dtype = lacking.schema["kind"]
    standing = pl.when(RETURNED).then(pl.lit("return", dtype)).otherwise(pl.lit("purchase", dtype))
    return (
        pl.when("cancelled")
        .then(pl.lit("cancelled", dtype))
        .otherwise(pl.when(pl.col("kind") == "cancelled").then(standing).otherwise("kind"))
        .alias("kind")
    )


def _numbered(lacking: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The `index` of the content and the `number` of each new line: the first numbers that are free in its group. Where
    nothing is kept, all lines of a content are one row, which counts their `times`."""
    taken = kept.select(BASE, "number").join(lacking.select(BASE).unique(), on=BASE, how="semi")
    before = pl.col("lacking").cum_sum().over(BASE) - pl.col("lacking")
    lines = lacking.select("index", BASE, (before + 1).cast(pl.Int64).alias("number"), pl.col("lacking").alias("times"))
    if taken.is_empty():
        return lines.drop(BASE)
    single = lines.join(taken, on=BASE, how="semi", maintain_order="left").select(
        "index", BASE, pl.int_ranges("number", pl.col("number") + pl.col("times")).alias("place")
    )
    single = single.explode("place")
    count = taken.group_by(BASE).agg(pl.len().alias("taken"))
    wide = single.group_by(BASE).agg(pl.len().alias("places")).join(count, on=BASE)
    free = (
        wide.select(BASE, pl.int_ranges(1, pl.col("places") + pl.col("taken") + 1).alias("number"))
        .explode("number")
        .join(taken.with_columns(pl.col("number").cast(pl.Int64)), on=[BASE, "number"], how="anti")
        .with_columns(pl.int_range(1, pl.len() + 1).over(BASE, order_by="number").alias("place"))
    )
    found = single.join(free, on=[BASE, "place"]).select("index", "number", pl.lit(1, pl.Int64).alias("times"))
    rest = lines.join(taken, on=BASE, how="anti").drop(BASE)
    return pl.concat([rest, found]).sort("index", "number")


def _runs(stated: pl.DataFrame, lacking: pl.DataFrame, numbered: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that were written with a run: those that remain there since their number is right, with the `index` and
    `number` of their line, and the others."""
    written = stated.filter(pl.col(RUN).is_not_null())
    if written.is_empty():
        none = {"index": numbered.schema["index"], "number": numbered.schema["number"]}
        return NO_PLACES.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in none.items()), NO_PLACES
    times = ["purchased_at"] if "purchased_at" in written.columns else []
    places = written.select(GROUP, LINE, RUN, *times).unnest(RUN)
    lines = lacking.select("index", GROUP, LINE, "cancelled", *times)
    lines = lines.join(numbered.select("index", "number"), on="index")
    names = ["run", *PLACE]
    places = places.with_columns(pl.col("number").cast(lines.schema["number"]))
    staying = places.join(lines, on=[GROUP, LINE, "cancelled", "number", *times]).select(*names, "index", "number")
    return staying, places.select(names).join(staying, on=names, how="anti")
