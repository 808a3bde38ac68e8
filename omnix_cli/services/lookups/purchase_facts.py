"""What the purchases themselves say: counted again from the imported rows, without the code of any step.

It is what reasons are held against. A fact that a step and this module count differently is a fault of one of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from omnix_cli.days.seasons import FIRST_SEASON, SEASONS, Hemisphere

_PAIRS_AT_A_TIME = 20_000
_PAIR = ["customer_id", "product_id"]
SEASON_SMOOTHING = 20


@dataclass(frozen=True)
class PurchaseFacts:
    """The history before `as_of`, without what was cancelled or returned; and the catalogue."""

    purchases: pl.LazyFrame
    products: pl.LazyFrame
    as_of: date
    hemisphere: Hemisphere = "northern"
    excluded: tuple[str, ...] = ()
    """Patterns of customers who do not count in what the shop as a whole buys."""

    @cached_property
    def days(self) -> pl.DataFrame:
        """One row per customer, product and day with something kept: customer_id, product_id, day."""
        known = self.purchases.filter(pl.col("purchase_day") < self.as_of, pl.col("kind") != "cancelled")
        columns = (*_PAIR, "purchase_day", "kind", "quantity", "purchased_at", "purchase_id")
        returned = known.filter(pl.col("kind") == "return").select(_PAIR).unique()
        untouched = known.join(returned, on=_PAIR, how="anti").select(*_PAIR, day="purchase_day").unique().collect()
        touched = known.join(returned, on=_PAIR, how="semi").select(columns).collect()
        kept = pl.DataFrame(list(_kept_days(touched)), schema=untouched.schema, orient="row")
        return pl.concat([untouched, kept.unique()])

    @cached_property
    def counted(self) -> pl.DataFrame:
        """The rows of `days` that count for the shop as a whole."""
        parts = [_as_regex(pattern) for pattern in self.excluded]
        if not parts:
            return self.days
        return self.days.filter(~pl.col("customer_id").str.contains(f"(?is)^\\s*(?:{'|'.join(parts)})\\s*$"))

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One row per customer and product: `times` (days bought), `last`, and the gaps in days, oldest first."""
        gaps = pl.col("day").sort().diff().dt.total_days().drop_nulls()
        return self.days.group_by(_PAIR).agg(times=pl.len(), last=pl.col("day").max(), gaps=gaps)

    @cached_property
    def buyers(self) -> pl.DataFrame:
        """One row per product: the distinct `customers` that count."""
        return self.counted.group_by("product_id").agg(customers=pl.col("customer_id").n_unique())

    @cached_property
    def rhythms(self) -> pl.DataFrame:
        """One row per customer and product: `between`, the gaps between occasions. Days of one burst are one occasion:
        those at most a fifth of the mean gap apart, from 1 to 3 days; there are none where the mean gap is below 3."""
        mean = pl.col("gaps").list.mean()
        burst = pl.when(mean >= 3).then((0.2 * mean).floor().clip(1, 3)).otherwise(0.0).fill_null(0.0)
        long = pl.col("gaps").list.eval(pl.element().cast(pl.Float64))
        rows = self.pairs.filter(~pl.col("customer_id").str.starts_with("anonymous#"))
        gaps = rows.select(*_PAIR, burst=burst, gap=long).explode("gap", empty_as_null=True)
        return gaps.group_by(_PAIR).agg(between=pl.col("gap").filter(pl.col("gap") > pl.col("burst")))

    def bought_again(self, *, of_category: bool) -> pl.DataFrame:
        """One row per product: the `customers` of it, or of its category, those who bought `again` on another occasion,
        and the `usual` gap, the geometric mean."""
        again = pl.col("between").list.len() > 0
        rows = self.rhythms.with_columns(again=again).join(
            self.catalogue.select("product_id", "category"), on="product_id", how="left"
        )
        key = "category" if of_category else "product_id"
        known = (
            rows.drop_nulls(key)
            .group_by(key)
            .agg(
                customers=pl.col("customer_id").n_unique(),
                again=pl.col("customer_id").filter("again").n_unique(),
                usual=pl.col("between").list.explode(empty_as_null=False).log().mean().exp(),
            )
        )
        return self.catalogue.select("product_id", "category").join(known, on=key).drop("category")

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """product_id, name, category, brand, and the price: that of the catalogue, else the median paid."""
        paid = (
            self.purchases.filter(pl.col("purchase_day") < self.as_of, pl.col("kind") == "purchase")
            .group_by("product_id")
            .agg(paid=pl.col("unit_price").cast(pl.Float64).median())
        )
        facts = self.products.select(
            "product_id", "name", "category", "brand", "supplier", "tags", price=pl.col("price").cast(pl.Float64)
        )
        return (
            paid.join(facts, on="product_id", how="full", coalesce=True)
            .with_columns(price=pl.coalesce("price", "paid"))
            .drop("paid")
            .collect()
        )

    def customers_between(self, first: int, last: int) -> pl.DataFrame:
        """The distinct customers of each product from `first` to `last` days before the day of the run."""
        age = (pl.lit(self.as_of) - pl.col("day")).dt.total_days()
        recent = self.counted.filter(age >= first, age <= last)
        return recent.group_by("product_id").agg(customers=pl.col("customer_id").n_unique())

    def open_days(self, first: int, last: int) -> int:
        """The days with a purchase, from `first` to `last` days before the day of the run."""
        age = (pl.lit(self.as_of) - pl.col("day")).dt.total_days()
        return self.days.filter(age >= first, age <= last)["day"].n_unique()

    def together(self, pairs: pl.DataFrame, *, baskets: bool) -> pl.DataFrame:
        """The distinct customers who bought both products of each pair (`one`, `other`): ever, or in one basket."""
        asked = pairs.select("one", "other").unique().sort("one", "other")
        bought = self._baskets if baskets else self.counted.select(_PAIR).unique()
        keys = [name for name in bought.columns if name != "product_id"]
        wanted = bought.filter(pl.col("product_id").is_in(pl.concat([asked["one"], asked["other"]]).unique().implode()))
        counts = [
            part.join(wanted, left_on="one", right_on="product_id")
            .join(wanted, left_on=["other", *keys], right_on=["product_id", *keys])
            .group_by("one", "other")
            .agg(customers=pl.col("customer_id").n_unique())
            for part in asked.iter_slices(_PAIRS_AT_A_TIME)
        ]
        empty = asked.clear().with_columns(customers=pl.lit(0, pl.UInt32))
        return asked.join(pl.concat([empty, *counts]), on=["one", "other"], how="left").with_columns(
            pl.col("customers").fill_null(0)
        )

    @cached_property
    def _baskets(self) -> pl.DataFrame:
        """The products of each basket: an order of one day, or a customer's day where lines name no order."""
        lines = self.purchases.filter(pl.col("purchase_day") < self.as_of, pl.col("kind") == "purchase")
        rows = lines.select(*_PAIR, "order_id", day="purchase_day").unique().collect()
        return rows.with_columns(pl.col("order_id").fill_null("")).join(self.counted, on=[*_PAIR, "day"], how="semi")

    @cached_property
    def _season(self) -> pl.Expr:
        quarter = (pl.col("day").dt.month() % 12 // 3 + FIRST_SEASON[self.hemisphere]) % len(SEASONS)
        return quarter.replace_strict(dict(enumerate(SEASONS)), return_dtype=pl.String)

    def season_index(self, *, of_category: bool) -> pl.DataFrame:
        """How much better each product (or its category) sells in a season than the shop does: product_id, season,
        `index`. A sale is a customer who bought it in one particular season, once. A share of a season is smoothed by
        20 sales spread as in the category, that of the category as in the shop."""
        year = pl.col("day").dt.year() + (pl.col("day").dt.month() == 12).cast(pl.Int32)
        sold = self.counted.select(*_PAIR, year=year, season=self._season).unique()
        counts = sold.group_by("product_id", "season").agg(sales=pl.len())
        counts = counts.join(self.catalogue.select("product_id", "category"), on="product_id", how="left")
        total = counts["sales"].sum()
        shop = counts.group_by("season").agg(shop=pl.col("sales").sum() / total)

        def share(keys: list[str], prior: str) -> pl.Expr:
            in_season, overall = pl.col("sales").sum().over([*keys, "season"]), pl.col("sales").sum().over(keys)
            return (in_season + SEASON_SMOOTHING * pl.col(prior)) / (overall + SEASON_SMOOTHING)

        shares = counts.join(shop, on="season").with_columns(
            of_category=pl.when(pl.col("category").is_null()).then("shop").otherwise(share(["category"], "shop"))
        )
        own = pl.col("of_category") if of_category else share(["product_id"], "of_category")
        return shares.select("product_id", "season", index=own / pl.col("shop"))

    @cached_property
    def season_days(self) -> pl.DataFrame:
        """The days with a purchase in each season."""
        return self.counted.select("day", season=self._season).unique().group_by("season").agg(days=pl.len())


def _as_regex(pattern: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(character) or re.escape(character) for character in pattern.strip())


def _kept_days(lines: pl.DataFrame) -> Iterator[tuple[str, str, date]]:
    """The days of the lines of which something was kept: a return takes units of the newest lines before it."""
    left: dict[tuple[str, str], list[tuple[date, float]]] = defaultdict(list)
    order = ("purchased_at", pl.col("kind").cast(pl.String), "purchase_id")
    for row in lines.sort(*_PAIR, *order).iter_rows(named=True):
        kept = left[row["customer_id"], row["product_id"]]
        if row["kind"] == "purchase":
            kept.append((row["purchase_day"], row["quantity"]))
            continue
        returned = row["quantity"]
        while returned > 0 and kept:
            day, units = kept.pop()
            if units > returned:
                kept.append((day, round(units - returned, 6)))
            returned = round(returned - units, 6)
    for (customer, product), kept in left.items():
        yield from ((customer, product, day) for day, _ in kept)
