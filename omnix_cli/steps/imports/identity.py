"""The identity of rows: ids made from content; and which rows are new, known or corrections of current rows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.texts import holds

FILE = "_file"
"""The number of the file that a row came from, in the order of the import."""

MADE = "_made"
"""Whether the id of a purchase or interaction was made from its content."""

PLACE = (FILE, ROW_NUMBER, ITEM)
"""The position of a row in its import."""

_LINE = "_line"
_OCCURRENCE = "_occurrence"
_CURRENT = -1
_INSTANT_TEXT = "%Y-%m-%dT%H:%M:%S%.fZ"


@dataclass(frozen=True)
class Reconciled:
    """The result of a comparison: the rows to be stored (with their positions), the ids of current rows that they
    replace, and the number of accepted and known rows by FILE. `corrected` of the accepted rows replace earlier
    ones."""

    rows: pl.DataFrame
    superseded: pl.DataFrame
    accepted: dict[int, int]
    known: dict[int, int]
    corrected: int


def with_made_ids(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Makes ids for purchases and interactions without one, and marks them MADE.

    An order line is `customer#order#product`; without an order, `customer##product#instant`; an interaction is
    `customer#type#product#instant`. A `#` or `%` inside a value is written %23 or %25, so that different lines never
    share an id; the same line always has the same one."""
    if kind not in ("purchases", "interactions"):
        return rows
    own_id = FRAMES[kind].key[0]
    made = rows[own_id].is_null()
    ids = pl.coalesce(own_id, _base_id(rows, kind)) if made.any() else pl.col(own_id)
    return rows.with_columns(ids.alias(own_id), made.alias(MADE))


def numbered(rows: pl.DataFrame, kind: str, taken: pl.DataFrame | None = None) -> pl.DataFrame:
    """Tells lines apart that have the same made id: further ones of a file (or order document) end in `#2`, `#3`.

    `taken` (FILE, id, count; see `occurrences`) counts the equal lines that a file had before: further ones get the
    numbers after those."""
    if MADE not in rows.columns:
        return rows
    own_id = FRAMES[kind].key[0]
    document = pl.when(pl.col(ITEM) > 0).then(pl.col(ROW_NUMBER)).otherwise(0)
    occurrence = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(FILE, document, own_id, MADE)
    counted = rows.sort(PLACE).with_columns(occurrence.alias(_OCCURRENCE))
    if taken is not None:
        counted = counted.join(taken, on=[FILE, own_id], how="left", maintain_order="left")
        counted = counted.with_columns(pl.col(_OCCURRENCE) + pl.col("count").fill_null(0)).drop("count")
    further = pl.when(pl.col(MADE) & (pl.col(_OCCURRENCE) > 1))
    return counted.with_columns(
        further.then(pl.format("{}#{}", own_id, _OCCURRENCE)).otherwise(own_id).alias(own_id)
    ).drop(_OCCURRENCE)


def with_line_ids(rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    """Makes ids for purchases whose line number in the order is known: `customer#order#product#line`."""
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


def reconcile(new: pl.DataFrame, current: pl.DataFrame, kind: str) -> Reconciled:
    """Compares new rows (with their positions) with the current rows of the same ids.

    The result is as if they had been imported one after the other: a row that equals the current row of its id is
    known, one that differs replaces it."""
    own_id = FRAMES[kind].key[0]
    versions = _versions(new, current, kind)
    came = pl.col(FILE) != _CURRENT
    taken = versions.filter(came, "_changed")
    latest = taken.group_by(own_id, maintain_order=True).last()
    replaced = current.join(latest, on=own_id, how="semi").select(pl.col(own_id).alias("id")).unique().sort("id")
    return Reconciled(
        rows=latest.sort(FRAMES[kind].sort[0], own_id).select(*FRAMES[kind].schema.column_names(), *PLACE),
        superseded=replaced,
        accepted=by_file(taken),
        known=by_file(versions.filter(came, ~pl.col("_changed"))),
        corrected=taken.filter("_follows").height,
    )


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
    if holds(rows[column], "#%"):
        value = value.str.replace_all("%", "%25", literal=True).str.replace_all("#", "%23", literal=True)
    return value


def _versions(disputed: pl.DataFrame, current: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Current and new rows by id and order of arrival, marked `_follows` if there is a row before it with its id and
    `_changed` if it differs from that. A cancelled line never changes again: events arrive repeatedly and in any
    order."""
    spec = FRAMES[kind]
    own_id = spec.key[0]
    arrived_before = current.join(disputed, on=own_id, how="semi").with_columns(
        pl.lit(_CURRENT, disputed.schema[FILE]).alias(FILE),
        pl.lit(0, disputed.schema[ROW_NUMBER]).alias(ROW_NUMBER),
        pl.lit(0, disputed.schema[ITEM]).alias(ITEM),
    )
    columns = [*spec.schema.column_names(), *PLACE]
    ordered = pl.concat([arrived_before.select(columns), disputed.select(columns)]).sort(own_id, *PLACE)
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


def by_file(rows: pl.DataFrame) -> dict[int, int]:
    """The number of rows by FILE."""
    if rows.height and (rows[FILE] == rows[FILE][0]).all():
        return {int(rows[FILE][0]): rows.height}
    return {int(file): int(count) for file, count in rows.group_by(FILE).len().iter_rows()}
