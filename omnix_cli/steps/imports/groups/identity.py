"""The identity of rows: which line of which order a row is about, as a readable id made from its content.

A made id is the id of a group of lines and, for further lines of the group, a number: `...#2`. `docs/identity.md` has
the rules; `statements` decides which lines of a group stand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, WRITTEN_AT
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.texts import holds

FILE = "_file"
"""The number of the file that a row came from, in the order of the import."""

MADE = "_made"
"""Whether the id of a purchase or interaction was made from its content."""

WRITTEN = WRITTEN_AT
RETURNED, LINE_NUMBER, CHANGED = "_returned", "_line", "_changed"
"""What cleaning adds to purchases: the time as the file writes it (without a zone), whether the line is a return (also
if it is cancelled), the number of the line in its order, and when the row changed at its source."""

PLACE = (FILE, ROW_NUMBER, ITEM)
"""The position of a row in its import."""

MODES = ("last", "lines", "order", "document")
"""How statements about a group are merged (see `statements`): of a given id the last counts, lines without an order are
joined, those of an order are replaced, and a document replaces its whole order."""
MODE = pl.Enum(MODES)

_INSTANT_TEXT = "%Y-%m-%dT%H:%M:%S%.f"
_WHEN = r"(?:\d{4}-\d\d-\d\d[T\d:.]*)?"
_GROUP = {
    "purchases": rf"{_WHEN}#[^#]*#(?:[^#]+|#[^#]*)#[^#]*(?:#return)?",
    "interactions": r"[^#]*#[^#]*#[^#]*#[^#]+Z",
}
_FIELDS = {"purchases": 4, "interactions": 4}
"""An id with fewer `#` than these has no number."""


def with_made_ids(rows: pl.DataFrame, kind: str, scope: Collection[str] = ("shop", "day")) -> pl.DataFrame:
    """Makes ids for purchases and interactions without one, and marks them MADE.

    A line of an order is `day#shop#order#product`, a return of one `time#shop#order#product#return`; without an order,
    a line is `time#shop##customer#product`. Where the number of a line is known, it takes the place of the product.
    An interaction is `customer#type#product#instant`. A `#` or `%` inside a value is written %23 or %25."""
    if kind not in _GROUP:
        return rows
    own_id = FRAMES[kind].key[0]
    missing = rows[own_id].is_null()
    if not missing.any():
        return rows.with_columns(missing.alias(MADE))
    ids = _interaction_ids(rows) if kind == "interactions" else _purchase_ids(rows, scope)
    given = not missing.all()
    return rows.with_columns((pl.coalesce(own_id, ids) if given else ids).alias(own_id), missing.alias(MADE))


def groups(ids: pl.Series, kind: str) -> pl.Series:
    """The ids of the groups that rows with these ids belong to: without the number of a further line."""
    if kind not in _GROUP:
        return ids
    numbered = (ids.str.count_matches("#", literal=True) >= _FIELDS[kind]).arg_true()
    if numbered.is_empty():
        return ids
    without = ids.gather(numbered).str.replace(rf"^({_GROUP[kind]})#\d+$", "$1")
    return ids.clone().scatter(numbered, without)


def numbers(ids: pl.Series, groups_of_ids: pl.Series) -> pl.Series:
    """The numbers of lines within their groups: 1 where the id is that of the group."""
    frame = pl.DataFrame({"id": ids, "group": groups_of_ids})
    number = pl.col("id").str.extract(r"#(\d+)$").cast(pl.UInt32, strict=False)
    return frame.select(
        pl.when(pl.col("id") == pl.col("group")).then(pl.lit(1, pl.UInt32)).otherwise(number)
    ).to_series()


def modes(group_ids: pl.Series, kind: str, *, whole_orders: bool) -> pl.Series:
    """How statements about these groups are merged."""
    if kind not in _GROUP:
        return pl.repeat("last", len(group_ids), dtype=pl.String, eager=True).cast(MODE)
    is_made = group_ids.str.contains(f"^{_GROUP[kind]}$")
    if kind == "interactions":
        mode = pl.when(is_made).then(pl.lit("lines")).otherwise(pl.lit("last"))
    else:
        of_order = ~group_ids.str.contains(r"^[^#]*#[^#]*##")
        ordered = "document" if whole_orders else "order"
        mode = pl.when(~is_made).then(pl.lit("last")).when(of_order).then(pl.lit(ordered)).otherwise(pl.lit("lines"))
    return pl.select(mode.cast(MODE)).to_series()


def order_keys(ids: pl.Series) -> pl.Series:
    """The orders that lines with these ids belong to, as `day#shop#order`; null for lines without one."""
    of_order = ids.str.contains(rf"^{_WHEN}#[^#]*#[^#]+#")
    key = ids.str.replace(r"^(\d{4}-\d\d-\d\d)?[T\d:.]*(#[^#]*#[^#]+)#.*$", "$1$2")
    return key.set(~of_order, None)


def document_keys(ids: pl.Series) -> pl.Series:
    """The documents that lines with these ids belong to: an order's is `day#shop#order`, a return's `time#shop#order`;
    null for lines without an order."""
    return ids.str.extract(rf"^({_WHEN}#[^#]*#[^#]+)#")


def order_names(rows: pl.DataFrame, scope: Collection[str]) -> pl.Expr:
    """The orders of purchases, as `order_keys` has them; rows without one are named by their written time and shop."""
    day, shop = _scope(rows, scope)
    instant = pl.col(WRITTEN).dt.to_string(_INSTANT_TEXT).fill_null("")
    order = pl.concat_str(day.fill_null(""), shop, _escaped(rows, "order_id"), separator="#")
    return pl.coalesce(order, pl.concat_str(instant, _shop(rows), pl.lit(""), separator="#"))


def content_hashes(rows: pl.DataFrame, kind: str, *, without: Collection[str] = ()) -> pl.Series:
    """A hash of each row's content, without its id and these columns."""
    own_id = FRAMES[kind].key[0]
    names = [name for name in FRAMES[kind].schema.column_names() if name != own_id and name not in without]
    lists = [name for name in names if isinstance(rows.schema[name], pl.List)]
    content = rows.select(names)
    if lists:
        content = content.with_columns(pl.col(lists).list.join("\n"))
    return content.hash_rows()


def is_cancelled(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row is cancelled; rows without a kind are not."""
    return pl.col("kind") == "cancelled" if "kind" in rows.columns else pl.lit(False)


def by_file(rows: pl.DataFrame) -> dict[int, int]:
    """The number of rows by FILE."""
    if rows.height and (rows[FILE] == rows[FILE][0]).all():
        return {int(rows[FILE][0]): rows.height}
    return {int(file): int(count) for file, count in rows.group_by(FILE).len().iter_rows()}


def _purchase_ids(rows: pl.DataFrame, scope: Collection[str]) -> pl.Expr:
    """The ids of order lines; lines without an order and returns are looked at only where there are any."""
    day, shop = _scope(rows, scope)
    order, product = _escaped(rows, "order_id"), _escaped(rows, "product_id")
    if LINE_NUMBER in rows.columns:
        line = pl.lit("%line ") + _escaped(rows, LINE_NUMBER)
        product = pl.when(pl.col(LINE_NUMBER).is_not_null()).then(line).otherwise(product)
    ids = pl.concat_str(day, shop, order, product, separator="#")
    instant = pl.col(WRITTEN).dt.to_string(_INSTANT_TEXT)
    if rows[RETURNED].any():
        returned = pl.concat_str(instant, shop, order, product, pl.lit("return"), separator="#")
        ids = pl.when(RETURNED).then(returned).otherwise(ids)
    if rows["order_id"].null_count():
        ending = pl.when(RETURNED).then(pl.lit("#return")).otherwise(pl.lit(""))
        own = pl.concat_str(instant, _shop(rows), pl.lit(""), _escaped(rows, "customer_id"), product, separator="#")
        ids = pl.when(pl.col("order_id").is_null()).then(own + ending).otherwise(ids)
    return ids


def _scope(rows: pl.DataFrame, scope: Collection[str]) -> tuple[pl.Expr, pl.Expr]:
    """The day and the shop that tell orders with one number apart; empty where they are not in the scope."""
    day = pl.lit(_day_texts(rows[WRITTEN].dt.date())) if "day" in scope else pl.lit("")
    return day, _shop(rows) if "shop" in scope else pl.lit("")


def _interaction_ids(rows: pl.DataFrame) -> pl.Expr:
    instant = pl.col("occurred_at").dt.to_string(_INSTANT_TEXT + "Z")
    kind = pl.col("interaction_type").cast(pl.String)
    return pl.concat_str(_escaped(rows, "customer_id"), kind, _escaped(rows, "product_id"), instant, separator="#")


def _shop(rows: pl.DataFrame) -> pl.Expr:
    if rows["store_location"].null_count() == rows.height:
        return pl.lit("")
    return _escaped(rows, "store_location").fill_null("")


def _day_texts(days: pl.Series) -> pl.Series:
    """Days as texts: each day is formatted once, since a chunk has few of them."""
    numbered = days.cast(pl.Int32)
    first: Any = numbered.min()
    last: Any = numbered.max()
    if first is None or last - first > len(days):
        return days.dt.to_string("%Y-%m-%d")
    texts = pl.int_range(first, last + 1, dtype=pl.Int32, eager=True).cast(pl.Date).dt.to_string("%Y-%m-%d")
    return texts.gather((numbered - first).cast(pl.UInt32))


def _escaped(rows: pl.DataFrame, column: str) -> pl.Expr:
    value = pl.col(column)
    if holds(rows[column], "#%"):
        value = value.str.replace_all("%", "%25", literal=True).str.replace_all("#", "%23", literal=True)
    return value
