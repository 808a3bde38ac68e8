"""Which row is which: ids made from content, and what is new, known or corrected against the rows that stand."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.ordering import sorted_by
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER

FILE = "_file"
"""The number of the file a row came from, in the order in which the files are taken in."""

_PLACE = (FILE, ROW_NUMBER, ITEM)
_LINE = "_line"
_STANDING = -1
_INSTANT_TEXT = "%Y-%m-%dT%H:%M:%S%.fZ"


@dataclass(frozen=True)
class Reconciled:
    """What becomes of new rows: those to be stored (sorted), the ids of standing rows they replace, and the number of
    accepted and already known ones by FILE; `corrected` of the accepted took the place of an earlier row."""

    rows: pl.DataFrame
    superseded: pl.DataFrame
    accepted: dict[int, int]
    known: dict[int, int]
    corrected: int


def with_ids(rows: pl.DataFrame, kind: str, taken: pl.DataFrame | None = None) -> pl.DataFrame:
    """Fills in the ids that the input did not give.

    An order line is `customer#order#product`; without an order, `customer##product#instant`; an interaction is
    `customer#type#product#instant`. Further equal ones in the same file (or order document) end in `#2`, `#3`. A `#` or
    `%` inside a value is written %23 or %25, so that different lines never share an id; the same line always has the
    same one. `taken` (FILE, id, count; see `occurrences`) counts the equal ones that a file had before: further ones
    get the numbers after those.
    """
    if kind not in ("purchases", "interactions"):
        return rows
    own_id = FRAMES[kind].key[0]
    if rows[own_id].null_count() == 0:
        return rows
    made = rows.select(_base_id(rows, kind).alias(own_id)).to_series()
    repeated = made.hash().is_duplicated()
    if taken is not None:
        repeated |= made.is_in(taken[own_id].implode())
    alike = (repeated & rows[own_id].is_null()).arg_true()
    if not alike.is_empty():
        places = rows.select(pl.col(_PLACE).gather(alike))
        repeats = _repeats(places.with_columns(made.gather(alike), at=alike), own_id, taken)
        made = made.scatter(repeats["at"], repeats[own_id])
    return rows.with_columns(rows[own_id].zip_with(rows[own_id].is_not_null(), made))


def with_line_ids(rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    """Fills in the ids of purchases whose line in the order is known: `customer#order#product#line`."""
    line = lines.rename(_LINE).to_frame()
    numbered = rows.select(_base_id(rows, "purchases").alias("_base")).with_columns(line.select(_escaped(line, _LINE)))
    made = numbered.select(pl.concat_str("_base", _LINE, separator="#")).to_series()
    return rows.with_columns(pl.coalesce("purchase_id", made).alias("purchase_id"))


def occurrences(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """How many stored rows have an id made from the same content: `count` by the id without its number."""
    own_id = FRAMES[kind].key[0]
    base = rows.select(_base_id(rows, kind).alias("base"), own_id)
    made = base.filter((pl.col(own_id) == pl.col("base")) | pl.col(own_id).str.starts_with(pl.col("base") + "#"))
    return made.group_by(pl.col("base").alias(own_id)).agg(pl.len().cast(pl.UInt32).alias("count"))


def reconcile(new: pl.DataFrame, standing: pl.DataFrame, kind: str) -> Reconciled:
    """Compares new rows (with their places) with the rows that stand under the same ids.

    Rows count as if they had been taken in one after the other: one that equals what stands under its id is known, one
    that differs replaces it."""
    spec = FRAMES[kind]
    own_id = spec.key[0]
    conflicting = pl.col(own_id).is_duplicated() if _has_repeats(new[own_id]) else pl.lit(False)
    if not standing.is_empty():
        conflicting |= pl.col(own_id).is_in(standing[own_id].implode())
    split = new.with_columns(conflicting.alias("_conflict"))
    fresh = split.filter(~pl.col("_conflict")).drop("_conflict")
    disputed = split.filter("_conflict").drop("_conflict")
    accepted, known = _by_file(fresh), {}
    superseded, corrected, rows = FRAMES["superseded"].empty(), 0, fresh
    if not disputed.is_empty():
        versions = _versions(disputed, standing, kind)
        taken = versions.filter("_changed", pl.col(FILE) != _STANDING)
        accepted = _added(accepted, _by_file(taken))
        known = _by_file(versions.filter(~pl.col("_changed"), pl.col(FILE) != _STANDING))
        corrected = taken.filter("_follows").height
        latest = taken.group_by(own_id, maintain_order=True).last()
        superseded = standing.join(latest, on=own_id, how="semi").select(pl.col(own_id).alias("id")).unique().sort("id")
        rows = pl.concat([fresh, latest.select(fresh.columns)])
    stored = _sorted(rows.select(spec.schema.column_names()), spec.sort)
    return Reconciled(stored, superseded, accepted, known, corrected)


def _has_repeats(ids: pl.Series) -> bool:
    """Whether some id may be there twice; hashes are compared, so it may rarely say so of ids that differ."""
    return ids.hash().n_unique() < len(ids)


def _sorted(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """The rows in order; columns without any value are not carried through the sorting."""
    empty = [name for name in rows.columns if name not in columns and rows[name].null_count() == rows.height]
    again = (pl.lit(None, rows.schema[name]).alias(name) for name in empty)
    return sorted_by(rows.drop(empty), columns).with_columns(again).select(rows.columns)


def _base_id(rows: pl.DataFrame, kind: str) -> pl.Expr:
    parts = [_escaped(rows, "customer_id")]
    if kind == "interactions":
        instant = pl.col("occurred_at").dt.to_string(_INSTANT_TEXT)
        parts += [pl.col("interaction_type").cast(pl.String), _escaped(rows, "product_id"), instant]
    else:
        parts += [_escaped(rows, "order_id").fill_null(""), _escaped(rows, "product_id")]
        if rows["order_id"].null_count():
            instant = pl.col("purchased_at").dt.to_string(_INSTANT_TEXT)
            parts.append(pl.when(pl.col("order_id").is_null()).then(instant))
    return pl.concat_str(*parts, separator="#", ignore_nulls=True)


def _escaped(rows: pl.DataFrame, column: str) -> pl.Expr:
    value = pl.col(column)
    if rows[column].str.contains("[#%]").any():
        value = value.str.replace_all("%", "%25", literal=True).str.replace_all("#", "%23", literal=True)
    return value


def _repeats(rows: pl.DataFrame, own_id: str, taken: pl.DataFrame | None) -> pl.DataFrame:
    """The rows whose id was there before in the same file or order document, with the number they get."""
    document = pl.when(pl.col(ITEM) > 0).then(pl.col(ROW_NUMBER)).otherwise(0)
    number = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(FILE, document, own_id)
    numbered = rows.sort(_PLACE).with_columns(number.alias("_occurrence"))
    if taken is not None:
        before = pl.col("count").fill_null(0)
        numbered = numbered.join(taken, on=[FILE, own_id], how="left").with_columns(pl.col("_occurrence") + before)
    return numbered.filter(pl.col("_occurrence") > 1).with_columns(
        pl.format("{}#{}", own_id, "_occurrence").alias(own_id)
    )


def _versions(disputed: pl.DataFrame, standing: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Standing and new rows by id and time of arrival, each marked `_follows` when it has a predecessor and `_changed`
    when it differs from it. Nothing changes a cancelled line any more: events are repeated, in any order."""
    spec = FRAMES[kind]
    own_id = spec.key[0]
    arrived_before = standing.join(disputed, on=own_id, how="semi").with_columns(
        pl.lit(_STANDING, disputed.schema[FILE]).alias(FILE),
        pl.lit(0, disputed.schema[ROW_NUMBER]).alias(ROW_NUMBER),
        pl.lit(0, disputed.schema[ITEM]).alias(ITEM),
    )
    ordered = pl.concat([arrived_before.select(disputed.columns), disputed]).sort(own_id, *_PLACE)
    follows = pl.col(own_id) == pl.col(own_id).shift(1)
    differs = pl.any_horizontal(_differs(name, dtype) for name, dtype in spec.empty().schema.items() if name != own_id)
    if kind == "purchases":
        was_cancelled = (pl.col("kind") == "cancelled").cast(pl.Int8).cum_max().over(own_id).shift(1) == 1
        differs &= ~was_cancelled.fill_null(False)
    return ordered.with_columns(follows.fill_null(False).alias("_follows")).with_columns(
        (~pl.col("_follows") | differs).alias("_changed")
    )


def _differs(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name).list.join("\n") if isinstance(dtype, pl.List) else pl.col(name)
    return value.ne_missing(value.shift(1))


def _by_file(rows: pl.DataFrame) -> dict[int, int]:
    if rows.height and (rows[FILE] == rows[FILE][0]).all():
        return {int(rows[FILE][0]): rows.height}
    return {int(file): int(count) for file, count in rows.group_by(FILE).len().iter_rows()}


def _added(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return {file: one.get(file, 0) + other.get(file, 0) for file in one.keys() | other.keys()}
