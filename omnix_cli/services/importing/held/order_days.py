"""How many order ids are on several days (then they are not those of single orders), and how many orders came again
without some of their products."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.steps.imports.groups.identity import RETURNED, WRITTEN

_KEPT = 1 << 16
"""Rows remembered; with more, only every second, fourth, ... order is looked at."""
_SALE = r"^((\d{4}-\d\d-\d\d)#[^#]*#[^#]+)#"
"""The order and its day in the made id of a line that is no return."""
_ORDER = ["order", "day", "shop"]


@dataclass
class OrderDays:
    """The days of the orders seen so far, and their products if they are compared with stored ones; of a sample if
    there are many orders."""

    kept: int = _KEPT
    products: bool = False
    _every: int = 1
    _days: list[pl.DataFrame] = field(default_factory=list)
    _rows: int = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Adds purchases; a return is on a day of its own."""
        if WRITTEN not in rows.columns or rows["order_id"].null_count() == rows.height:
            return
        order = rows["order_id"].hash().alias("order")
        chosen = rows["order_id"].is_not_null() & ~rows[RETURNED] & (order % self._every == 0)
        columns = [WRITTEN, *(("store_location", "product_id", "kind") if self.products else ())]
        orders = rows.select(order, *columns).filter(chosen)
        days = orders.select("order", pl.col(WRITTEN).dt.date().alias("day"), *(_LINE if self.products else ()))
        days = days.unique()
        self._days.append(days)
        self._rows += days.height
        while self._rows > self.kept:
            all_days = pl.concat(self._days).unique()
            if all_days.height > self.kept // 2:
                self._every *= 2
                all_days = all_days.filter(pl.col("order") % self._every == 0)
            self._days, self._rows = [all_days], all_days.height

    def counts(self, view: StoredFrame, edges: pl.Series) -> dict[str, int]:
        """The number of order ids on several days, those of stored rows among them, and of stored orders that lack
        products in the files; of a sample, projected to all. The orders `edges`, with which a file begins or ends, lack
        none, nor do orders that are there as cancelled only."""
        if not self._days:
            return {}
        lines = pl.concat(self._days)
        days, lacking = lines.select("order", "day"), 0
        if view.rows:
            stored = self._stored(view)
            days = pl.concat([days, stored.select("order", "day")])
            if self.products:
                again = lines.filter("stands").select(_ORDER).unique()
                stored = stored.filter(~pl.col("key").is_in(edges.implode()))
                found = stored.join(again, on=_ORDER, how="semi").join(lines, on=[*_ORDER, "product"], how="anti")
                lacking = found["key"].n_unique()
        several = int(days.unique().group_by("order").len()["len"].gt(1).sum())
        return {"order_on_several_days": several * self._every, "fewer_products": lacking * self._every}

    def _stored(self, view: StoredFrame) -> pl.DataFrame:
        """The stored lines of these orders that are sold and have made ids."""
        orders = pl.concat(self._days).select("order").unique().lazy()
        sold = view.scan().filter(pl.col("kind") == "purchase")
        named = sold.with_columns(order=pl.col("order_id").hash()).select(
            "order", "purchase_id", "store_location", "product_id", "kind"
        )
        found = named.join(orders, on="order", how="semi").collect()
        key, day = (pl.col("purchase_id").str.extract(_SALE, group) for group in (1, 2))
        return found.select("order", key.alias("key"), day.str.to_date().alias("day"), *_LINE).drop_nulls("key")


_LINE = (
    pl.col("store_location").fill_null("").hash().alias("shop"),
    pl.col("product_id").hash().alias("product"),
    (pl.col("kind") != "cancelled").alias("stands"),
)
