"""The lists of each customer: what to buy again, what is new, what is due, and what is usual."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli import list_ids, schemas
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists import candidates
from omnix_cli.steps.lists.discovery import first_time
from omnix_cli.steps.lists.eligibility import Rules
from omnix_cli.steps.lists.homepage import Homepages
from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, purchase_weights
from omnix_cli.steps.lists.preferences import open_interest
from omnix_cli.steps.lists.ranked_lists import PAIR, as_offers, listed, stored
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

    The rules of `eligibility` hold everywhere. The confidence of an item is the chance that the customer buys it within
    14 days; what has a prediction has its chance, dates and urgency in every list. Without consent to personalisation a
    customer gets the shop's popular products. The frame `unlisted` has those for whom the rules left nothing. Figures:
    customers, items per shelf and list, offers removed by each rule, customers without a list by the rule that took
    most from them.
    """
    people = _people(cycles, customers, interactions, as_of=as_of, default_consent=privacy.consent_personalisation)
    shop = first_time(popularity.collect())
    popular = shop.filter(pl.col("kind") == "popular")
    offered = _offered(assortment, popular)
    bought = purchase_weights(_personal(cycles.select(*CYCLE_COLUMNS, "purchase_days"), people), as_of=as_of)
    known = _known(bought, _personal(returned, people))
    interest = open_interest(_personal(interactions, people), bought, as_of=as_of)
    predicted = _personal(candidates.predicted(predictions, as_of=as_of), people)
    ranked = _personal(rankings.select(*PAIR, "known", "rank", "score", "chance"), people)
    rules = Rules(offered, people, known, min_support=parameters.min_support)
    pages = Homepages(people, shop, offered, bought, known, interest, neighbours, as_of, parameters, privacy)

    most = CANDIDATES_PER_PLACE * parameters.count
    found = ranked.filter(~pl.col("known"), pl.col("rank") <= most)
    first = ranked.filter("known", pl.col("rank") <= CANDIDATES_PER_PLACE * parameters.usual_count)
    own, new, due, mine = rules.of_all(
        candidates.own_products(predicted, interest, _durables(popular), most=most),
        candidates.new_for_you(found, known, interest, pages.tastes(found)),
        candidates.due_now(predicted),
        as_offers(first.sort("customer_id", "rank")),
    )
    mine = mine.group_by("customer_id", maintain_order=True).head(parameters.usual_count)
    by_context = {
        "homepage": pages.lists(own, new, rules),
        "replenishment": candidates.replenishment(due, count=parameters.replenishment_count),
        "usual": usual(mine, predicted, bought),
    }
    lists = pl.concat(
        listed(by_context[context], kind=kind, list_id=list_ids.personal(pl.col("customer_id"), context))
        for context, kind in list_ids.CUSTOMER_KINDS.items()
    )
    impersonal = people.filter(~pl.col("personalised"))["customer_id"].implode()
    lists = lists.with_columns(
        kind=pl.when(pl.col("customer_id").is_in(impersonal)).then(pl.lit("popular")).otherwise("kind")
    )
    chances = pl.concat(
        [known.select(*PAIR, chance=pl.lit(0.0)), ranked.filter(~pl.col("known")).select(*PAIR, "chance")]
    )
    told = candidates.with_windows(candidates.as_predicted(lists, predicted, chances), predicted, offered)
    frame = stored(told, offered, frame="recommendations")
    unlisted = schemas.FRAMES["unlisted"].conform(rules.unlisted(people, by_context["homepage"]))
    figures: Figures = {"customers": people.height}
    figures |= {shelf: int((by_context["homepage"]["shelf"] == shelf).sum()) for shelf in schemas.SHELVES}
    figures |= {context: by_context[context].height for context in ("replenishment", "usual")}
    figures |= {**rules.removed, **_without_list(unlisted)}
    return StepOutput({"recommendations": frame, "unlisted": unlisted}, figures)


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


def _without_list(unlisted: pl.DataFrame) -> Figures:
    """How many customers have no list, and by which rule; nothing where all have one."""
    if unlisted.is_empty():
        return {}
    rules = unlisted.select(pl.col("rule").cast(pl.String).fill_null("nothing_to_offer")).to_series()
    counts = rules.value_counts(sort=False).sort("rule").iter_rows()
    return {"without_list": unlisted.height, **{f"without_list_{rule}": count for rule, count in counts}}


def _personal(rows: pl.LazyFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The rows of customers with consent to personalisation."""
    personalised = people.lazy().filter("personalised").select("customer_id")
    return rows.join(personalised, on="customer_id", how="semi").collect()


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
