"""The homepage of each customer: a shelf of what is due, a shelf of what is new, and what fills the list up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from omnix_cli.days.seasons import season_on
from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists import candidates, fallbacks
from omnix_cli.steps.lists.discovery import sources, strongest_sources, with_neighbours
from omnix_cli.steps.lists.diversity import crowding
from omnix_cli.steps.lists.preferences import tastes_met
from omnix_cli.steps.lists.ranked_lists import best_of_each, blend, fill_up


@dataclass(frozen=True)
class Homepages:
    """What homepages are made from: the `people`, the lists of the `shop`, what is `offered`, what each customer
    `bought` with its weight, `known` (bought, or returned in full), and open `interest`."""

    people: pl.DataFrame
    shop: pl.DataFrame
    offered: pl.DataFrame
    bought: pl.DataFrame
    known: pl.DataFrame
    interest: pl.DataFrame
    neighbours: pl.LazyFrame
    as_of: date
    parameters: RecommendSettings
    privacy: PrivacySettings

    def lists(
        self, own: pl.DataFrame, new: pl.DataFrame, rules: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> pl.DataFrame:
        """`count` offers for each customer, in the order of the list: `own` products that are due, by their chance, and
        `new` ones, in the order of the ranker; then the `fallbacks`. The limits of `diversity` hold as long as enough
        is left, the `rules` always."""
        due, fresh, spare = self._shelves(own, new)
        evidence = self._evidence(pl.concat([fresh, spare]))
        fresh, spare = self._explained(fresh, evidence), self._explained(spare, evidence)
        count = self.parameters.count
        return fill_up(
            blend(pl.concat([due, fresh]), count=count, due_share=self.parameters.due_share),
            self.people,
            fallbacks.stages(self.shop, self.offered, season=season_on(self.as_of, self.parameters.hemisphere)),
            count=count,
            rules=rules,
            crowded=self._crowded,
            known=self.known,
            spare=pl.concat([spare, own.with_columns(shelf=pl.lit("fallback"))]),
        )

    def tastes(self, offers: pl.DataFrame) -> pl.DataFrame:
        """Which tastes of their customers the offers meet."""
        return tastes_met(offers, people=self.people, catalogue=self.offered)

    def _shelves(self, own: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Both shelves, with as many offers as a list has places; and the new offers that are spare, because they are
        one too many of their kind beside what is due."""
        count = self.parameters.count
        due = best_of_each(own.filter(pl.col("shelf") == "due_again"), own.height)
        due = best_of_each(due.filter(~self._crowded(due)), count)
        places = int(count * self.parameters.due_share + 0.5)
        both = pl.concat([best_of_each(due, places), best_of_each(new, new.height)])
        too_many, is_new = self._crowded(both), pl.col("shelf") == "new_for_you"
        fresh, spare = (best_of_each(both.filter(is_new & which), count) for which in (~too_many, too_many))
        return due, fresh, spare

    def _crowded(self, offers: pl.DataFrame) -> pl.Series:
        return crowding(
            offers,
            self.offered,
            within="customer_id",
            count=self.parameters.count,
            max_share=self.parameters.max_share_of_category,
            max_alike=self.parameters.max_alike,
        )

    def _evidence(self, offers: pl.DataFrame) -> pl.DataFrame:
        """The own product that speaks most for each offer."""
        named = self.bought.join(self.offered.filter("never_named"), on="product_id", how="anti", maintain_order="left")
        heaviest = sources(named, with_neighbours(self.neighbours))
        return strongest_sources(offers, heaviest, self.neighbours, min_customers=self.privacy.min_customers)

    def _explained(self, offers: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
        popular = self.shop.filter(pl.col("kind") == "popular")
        return candidates.explain(offers, evidence, self.interest, self.tastes(offers), self.offered, popular)
