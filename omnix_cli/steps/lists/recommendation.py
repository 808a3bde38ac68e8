"""The lists of each customer: what to buy again, what is new, and what is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import polars as pl

from omnix_cli import list_ids, schemas
from omnix_cli.days.seasons import season_on
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists import candidates, fallbacks
from omnix_cli.steps.lists.discovery import NeighbourTable, new_products, sources, strongest_sources
from omnix_cli.steps.lists.eligibility import Rules, catalogue
from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, next_basket
from omnix_cli.steps.lists.preferences import open_interest, tastes_met
from omnix_cli.steps.lists.ranked_lists import blend, fill_up, listed, stored

CANDIDATES_PER_PLACE = 5


def recommend(
    cycles: pl.LazyFrame,
    predictions: pl.LazyFrame,
    neighbours: pl.LazyFrame,
    popularity: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    parameters: RecommendSettings,
    privacy: PrivacySettings,
) -> StepOutput:
    """The lists `<customer>#homepage` of `count` items and `<customer>#replenishment` of what is due.

    The homepage blends what the customer buys again (ranked by `next_basket`) with neighbours of it that are new
    (ranked by `new_products`), moved by open interest and tastes, and fills up from the `fallbacks`; the rules of
    `eligibility` hold everywhere. The confidence of an item is the chance that the customer buys it within 14 days;
    what has a prediction has its chance, dates and urgency in every list. Without consent to personalisation a
    customer gets the shop's popular products. Figures: customers, items per shelf, offers removed by each rule.
    """
    shop = popularity.collect()
    popular = shop.filter(pl.col("kind") == "popular")
    people = _people(cycles, customers, interactions, as_of=as_of, default_consent=privacy.consent_personalisation)
    personalised = people.lazy().filter("personalised").select("customer_id")
    known = catalogue(products, popular, excluded_categories=parameters.excluded_categories)
    rules = Rules(known, people, min_support=parameters.min_support)
    baskets = next_basket(_of(cycles.select(*CYCLE_COLUMNS), personalised), popular, as_of=as_of)
    interest = open_interest(_of(interactions, personalised), baskets, as_of=as_of)
    predicted = _of(candidates.predicted(predictions), personalised)
    tastes = partial(tastes_met, people=people, catalogue=known)
    table = NeighbourTable.of(neighbours, min_customers=privacy.min_customers)
    shelves, evidence = _shelves(predicted, baskets, interest, table, tastes, rules, parameters)
    shelves = candidates.explain(shelves, evidence, interest, tastes(shelves), known, popular)
    chain = fallbacks.stages(shop, known, season=season_on(as_of, parameters.hemisphere))
    homepage = fill_up(shelves, people, chain, count=parameters.count, rules=rules)
    due = candidates.replenishment(rules(candidates.due_now(predicted)), count=parameters.replenishment_count)
    lists = pl.concat(
        listed(
            candidates.as_predicted(offers, predicted),
            kind=kind,
            list_id=list_ids.personal(pl.col("customer_id"), context),
        )
        for offers, kind, context in ((homepage, "personal", "homepage"), (due, "replenishment", "replenishment"))
    )
    items = {shelf: int((homepage["shelf"] == shelf).sum()) for shelf in schemas.SHELVES}
    figures: Figures = {"customers": people.height, **items, "replenishment": due.height, **rules.removed}
    return StepOutput({"recommendations": stored(lists, known, frame="recommendations")}, figures)


def _shelves(
    predictions: pl.DataFrame,
    baskets: pl.DataFrame,
    interest: pl.DataFrame,
    table: NeighbourTable,
    tastes: Callable[[pl.DataFrame], pl.DataFrame],
    rules: Rules,
    parameters: RecommendSettings,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two shelves blended, and the evidence for what is new in them."""
    most = CANDIDATES_PER_PLACE * parameters.count
    heaviest = sources(baskets, table)
    found = new_products(baskets, heaviest, table, most=most)
    due = candidates.due_again(predictions, baskets, interest, most=most)
    new = candidates.new_for_you(found, baskets, interest, tastes(found))
    offers = rules(pl.concat([due, new]))
    blended = blend(offers, count=parameters.count, due_share=parameters.due_share)
    return blended, strongest_sources(blended, heaviest, table)


def _of(rows: pl.LazyFrame, people: pl.LazyFrame) -> pl.DataFrame:
    return rows.join(people, on="customer_id", how="semi").collect()


def _people(
    cycles: pl.LazyFrame, customers: pl.LazyFrame, interactions: pl.LazyFrame, *, as_of: date, default_consent: bool
) -> pl.DataFrame:
    """Every known customer whose profile was not withdrawn, with the parts of the profile that the lists use; null
    without consent."""
    visits = interactions.filter(pl.col("interaction_day") < as_of)
    diet = pl.col("dietary_restrictions").list.eval(pl.element().str.to_lowercase())
    profile = ("favorite_categories", "brand_preferences", "dietary_restrictions", "budget_min", "budget_max")
    return (
        pl.concat(rows.select("customer_id") for rows in (cycles, customers, visits))
        .unique()
        .join(customers, on="customer_id", how="left")
        .filter(~pl.col("withdrawn").fill_null(False))
        .with_columns(diet, personalised=pl.col("consent_personalisation").fill_null(default_consent))
        .select("customer_id", "personalised", *(pl.when("personalised").then(name).alias(name) for name in profile))
        .sort("customer_id")
        .collect()
    )
