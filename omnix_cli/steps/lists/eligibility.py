"""The hard rules of recommending: what is offered to nobody, and what is not offered to one customer."""

from __future__ import annotations

import polars as pl

from omnix_cli.frames.offering import RULES

_PAIR = ["customer_id", "product_id"]
_REFUSALS = {"customer_id": pl.String(), "rule": pl.String(), "offers": pl.UInt32()}
_TIMELESS = "seasonal"
"""Offers with this tag come back every year: nobody bought them lately."""


class Rules:
    """The rules as a filter of offers (customer_id, product_id, shelf, tags, ...) that counts what it removes.

    An offer counts at the first rule of `frames.offering.RULES` that it breaks: what blocks the product in the
    `assortment`; returned in full by the customer; and, for what the customer never bought (`known`: customer_id,
    product_id, returned), dormant unless as an offer of the season, fewer than `min_support` customers, a known price
    outside of the budget; a restriction of the customer's diet that the product's labels do not cover, or cannot be
    known to cover.
    """

    def __init__(
        self, assortment: pl.DataFrame, people: pl.DataFrame, known: pl.DataFrame, *, min_support: int
    ) -> None:
        self._assortment = assortment.drop("name", "brand", "last_day", "name_group")
        self._people = people.select("customer_id", "dietary_restrictions", "budget_min", "budget_max")
        self._known = known
        self._broken = _broken(min_support)
        self._refusals: list[pl.DataFrame] = []
        self._removed = dict.fromkeys(RULES, 0)

    @property
    def removed(self) -> dict[str, int]:
        """How many offers each rule removed, of the rules that removed any."""
        return {f"removed_{rule}": offers for rule, offers in self._removed.items() if offers}

    def of_all(self, *kinds: pl.DataFrame) -> list[pl.DataFrame]:
        """The offers of each kind that break no rule: judged together, which is faster."""
        every = pl.concat(offers.with_columns(kind=pl.lit(kind)) for kind, offers in enumerate(kinds))
        kept = self(every)
        return [kept.filter(kind=kind).drop("kind") for kind in range(len(kinds))]

    def __call__(self, offers: pl.DataFrame) -> pl.DataFrame:
        """The offers that break no rule, in their order."""
        judged = (
            offers.join(self._assortment, on="product_id", how="left", maintain_order="left")
            .join(self._known, on=_PAIR, how="left", maintain_order="left")
            .join(self._people, on="customer_id", how="left", maintain_order="left")
            .select(*offers.columns, rule=self._broken)
        )
        refusals = judged.drop_nulls("rule").group_by("customer_id", "rule").agg(offers=pl.len())
        self._refusals.append(refusals)
        for rule, count in refusals.group_by("rule").agg(pl.col("offers").sum()).iter_rows():
            self._removed[rule] += count
        return judged.filter(pl.col("rule").is_null()).drop("rule")

    def unlisted(self, people: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
        """The frame `unlisted`: the people without an item in `lists`, and the rule that removed most of their
        offers; of equal ones, the later one."""
        without = people.select("customer_id").join(lists, on="customer_id", how="anti")
        refused = pl.concat(
            self._refusals or [pl.DataFrame(schema={"customer_id": pl.String, "rule": pl.String, "len": pl.UInt32})]
        )
        strongest = (
            refused.join(without, on="customer_id", how="semi")
            .with_columns(pl.col("rule").cast(pl.Enum(RULES)))
            .group_by("customer_id", "rule")
            .agg(pl.col("offers").sum())
            .sort("customer_id", "offers", "rule")
            .unique("customer_id", keep="last", maintain_order=True)
        )
        return without.join(strongest.drop("offers"), on="customer_id", how="left").sort("customer_id")


def _broken(min_support: int) -> pl.Expr:
    price, never_bought = pl.col("price"), pl.col("returned").is_null()
    restricted = pl.col("dietary_restrictions").list.len() > 0
    uncovered = pl.col("dietary_restrictions").list.set_difference(pl.col("dietary")).list.len() > 0
    too_cheap, too_dear = price < pl.col("budget_min"), price > pl.col("budget_max")
    return (
        pl.when(pl.col("blocked").is_not_null())
        .then(pl.col("blocked").cast(pl.String))
        .when(pl.col("returned"))
        .then(pl.lit("returned"))
        .when(never_bought & pl.col("dormant").fill_null(False) & ~pl.col("tags").list.contains(_TIMELESS))
        .then(pl.lit("dormant"))
        .when(never_bought & (pl.col("customers").fill_null(0) < min_support))
        .then(pl.lit("min_support"))
        .when(never_bought & (too_cheap.fill_null(False) | too_dear.fill_null(False)))
        .then(pl.lit("budget"))
        .when(restricted & ~pl.col("not_food").fill_null(False) & uncovered.fill_null(True))
        .then(pl.lit("dietary"))
    )
