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
from omnix_cli.steps.lists.discovery import NeighbourTable, sources, strongest_sources
from omnix_cli.steps.lists.diversity import crowding
from omnix_cli.steps.lists.eligibility import Rules
from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, next_basket
from omnix_cli.steps.lists.preferences import open_interest, tastes_met
from omnix_cli.steps.lists.ranked_lists import PAIR, best_of_each, blend, fill_up, listed, stored
from omnix_cli.steps.lists.usual import usual

CANDIDATES_PER_PLACE = 5
DURABLE_CUSTOMERS, DURABLE_REPEATS = 5, 0.02


def recommend(
    cycles: pl.LazyFrame,
    returned: pl.LazyFrame,
    predictions: pl.LazyFrame,
    rankings: pl.LazyFrame,
    neighbours: pl.LazyFrame,
    popularity: pl.LazyFrame,
    assortment: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    *,
    as_of: date,
    parameters: RecommendSettings,
    privacy: PrivacySettings,
) -> StepOutput:
    """The lists `<customer>#homepage` of `count` items, `<customer>#replenishment` of what is due, and
    `<customer>#usual` of the own products that the ranker puts first.

    The homepage blends what is due (ranked by its chance) with new products (in the order of the ranker),
    moved by open interest and tastes, and fills up from the `fallbacks`; the rules of
    `eligibility` hold everywhere, and the limits of `diversity` as long as enough is left. The confidence of an item
    is the chance that the customer buys it within 14 days; what has a prediction has its chance, dates and urgency in
    every list. Without consent to personalisation a customer gets the shop's popular products. The frame `unlisted`
    has those for whom the rules left nothing. Figures: customers, items per shelf, offers removed by each rule,
    customers without a list by the rule that took most from them.
    """
    shop = popularity.collect()
    popular = shop.filter(pl.col("kind") == "popular")
    people = _people(cycles, customers, interactions, as_of=as_of, default_consent=privacy.consent_personalisation)
    personalised = people.lazy().filter("personalised").select("customer_id")
    offered = _offered(assortment, popular)
    baskets = next_basket(_of(cycles.select(*CYCLE_COLUMNS), personalised), popular, as_of=as_of)
    known = _known(baskets, _of(returned, personalised))
    rules = Rules(offered, people, known, min_support=parameters.min_support)
    crowded = partial(
        crowding,
        assortment=offered,
        within="customer_id",
        count=parameters.count,
        max_share=parameters.max_share_of_category,
        max_alike=parameters.max_alike,
    )
    interest = open_interest(_of(interactions, personalised), baskets, as_of=as_of)
    predicted = _of(candidates.predicted(predictions, as_of=as_of), personalised)
    most = CANDIDATES_PER_PLACE * parameters.count
    own = rules(candidates.own_products(predicted, interest, _durables(popular), most=most))
    table = NeighbourTable.of(neighbours, min_customers=privacy.min_customers)
    named = baskets.join(offered.filter("never_named"), on="product_id", how="anti", maintain_order="left")
    heaviest = sources(named, table)
    ranked = _of(rankings.select(*PAIR, "known", "rank", "score"), personalised)
    found = ranked.filter(~pl.col("known"), pl.col("rank") <= most).select(*PAIR, "score")
    tastes = partial(tastes_met, people=people, catalogue=offered)
    new = rules(candidates.new_for_you(found, known, interest, tastes(found)))
    due, fresh, spare = _shelves(own, new, crowded, parameters)
    evidence = strongest_sources(pl.concat([fresh, spare]), heaviest, table)
    explain = partial(candidates.explain, evidence=evidence, interest=interest, catalogue=offered, popular=popular)
    fresh, spare = (explain(rows, tastes=tastes(rows)) for rows in (fresh, spare))
    homepage = fill_up(
        blend(pl.concat([due, fresh]), count=parameters.count, due_share=parameters.due_share),
        people,
        fallbacks.stages(shop, offered, season=season_on(as_of, parameters.hemisphere)),
        count=parameters.count,
        rules=rules,
        crowded=crowded,
        known=known,
        spare=pl.concat([spare, own.with_columns(shelf=pl.lit("fallback"))]),
    )
    soon = candidates.replenishment(rules(candidates.due_now(predicted)), count=parameters.replenishment_count)
    first = ranked.filter("known", pl.col("rank") <= CANDIDATES_PER_PLACE * parameters.usual_count)
    mine = usual(first, predicted, _of(cycles.select(*PAIR, "purchase_days", "last_day"), personalised), as_of=as_of)
    mine = rules(mine).group_by("customer_id", maintain_order=True).head(parameters.usual_count)
    lists = pl.concat(
        listed(
            candidates.as_predicted(offers, predicted),
            kind=kind,
            list_id=list_ids.personal(pl.col("customer_id"), context),
        )
        for (context, kind), offers in zip(list_ids.CUSTOMER_KINDS.items(), (homepage, soon, mine), strict=True)
    )
    unlisted = schemas.FRAMES["unlisted"].conform(rules.unlisted(people, homepage))
    items = {shelf: int((homepage["shelf"] == shelf).sum()) for shelf in schemas.SHELVES}
    counts = {"replenishment": soon.height, "usual": mine.height}
    figures: Figures = {"customers": people.height, **items, **counts, **rules.removed}
    figures |= _without_list(unlisted)
    frames = {"recommendations": stored(lists, offered, frame="recommendations"), "unlisted": unlisted}
    return StepOutput(frames, figures)


def _offered(assortment: pl.LazyFrame, popular: pl.DataFrame) -> pl.DataFrame:
    """The assortment with the customers of each product."""
    counted = popular.lazy().select("product_id", "customers")
    return assortment.join(counted, on="product_id", how="full", coalesce=True).sort("product_id").collect()


def _durables(popular: pl.DataFrame) -> pl.DataFrame:
    """The products that at least five customers bought and at most one in fifty came back for.

    `repeat_share` is (repeats + 1) / (purchase days + 4)."""
    customers = pl.col("customers")
    most = (1 + DURABLE_REPEATS * customers) / (customers + 4)
    return popular.filter(customers >= DURABLE_CUSTOMERS, pl.col("repeat_share") <= most).select("product_id")


def _known(baskets: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """What each customer bought before, and whether all of it was `returned`."""
    return pl.concat(rows.select(*PAIR, returned=pl.lit(value)) for rows, value in ((baskets, False), (returned, True)))


def _shelves(
    own: pl.DataFrame,
    new: pl.DataFrame,
    crowded: Callable[[pl.DataFrame], pl.Series],
    parameters: RecommendSettings,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Both shelves, with as many offers as a list has places; and the new offers that are spare, because they are one
    too many of their kind beside what is due."""
    due = best_of_each(own.filter(pl.col("shelf") == "due_again"), own.height)
    due = best_of_each(due.filter(~crowded(due)), parameters.count)
    places = int(parameters.count * parameters.due_share + 0.5)
    both = pl.concat([best_of_each(due, places), best_of_each(new, new.height)])
    too_many, is_new = crowded(both), pl.col("shelf") == "new_for_you"
    fresh, spare = (best_of_each(both.filter(is_new & which), parameters.count) for which in (~too_many, too_many))
    return due, fresh, spare


def _without_list(unlisted: pl.DataFrame) -> Figures:
    """How many customers have no list, and by which rule; nothing where all have one."""
    if unlisted.is_empty():
        return {}
    rules = unlisted.select(pl.col("rule").cast(pl.String).fill_null("nothing_to_offer")).to_series()
    counts = rules.value_counts(sort=False).sort("rule").iter_rows()
    return {"without_list": unlisted.height, **{f"without_list_{rule}": count for rule, count in counts}}


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
