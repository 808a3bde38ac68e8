"""Every stored frame: its columns, types and rules, the key that identifies a row, and the sort order on disk.

A schema may change between releases. A step is computed again when the columns of its frames change
(`FrameSpec.fingerprint` is part of its checkpoint key). Import batches are kept: `FrameSpec.current` reads those of
another release. So a new column of an imported frame must be nullable; raise `steps.imports.cleaning.VERSION` with it,
so that files imported before are read again.

Conventions, the same in every frame:

- An absent value is null, never 0, "" or -1.
- A `*_at` column is an instant in UTC; a `*_day` or `*_date` column is a calendar day of the shop's own time zone.
- Money is Decimal with two places in the currency of the input; shares, scores and probabilities are 0..1.
- Frames of customers are sorted by `customer_id` first, so that a range of customers is contiguous.
"""

from __future__ import annotations

from typing import Any

import dataframely as dy
import polars as pl

from omnix_cli.frame_specs import FrameSpec
from omnix_cli.frames.model_answers import Analyses, DeadLetters, ModelUsage
from omnix_cli.frames.offering import Assortment, Popularity, Returned, Unlisted
from omnix_cli.frames.quality import Evaluations, Reliability
from omnix_cli.frames.ranked import Ranker, Rankings
from omnix_cli.frames.shopping import SHOPPING_FREQUENCIES, Segments, ShopOrders, ShoppingPatterns

PURCHASE_KINDS = ("purchase", "return", "cancelled")
INTERACTION_TYPES = ("view", "add_to_cart", "remove_from_cart", "wishlist", "search")
URGENCIES = ("overdue", "urgent", "upcoming", "later", "lapsed", "unlikely")
RELATIONS = ("complement", "substitute")
RHYTHM_LEVELS = ("global", "category", "product")
SHELVES = ("due_again", "new_for_you", "fallback")
LIST_KINDS = (
    "personal",
    "replenishment",
    "usual",
    "similar",
    "complements",
    "substitutes",
    "trending",
    "seasonal",
    "popular",
)

MONEY: dict[str, Any] = {"precision": 18, "scale": 2}
UTC: dict[str, Any] = {"time_unit": "us", "time_zone": "UTC"}


class Purchases(dy.Schema):
    """One row per order line. A `return` removes units of earlier lines of the same customer and product (its quantity
    is the positive number of units returned); a `cancelled` row replaces the line with the same id."""

    purchase_id = dy.String(primary_key=True, min_length=1)
    customer_id = dy.String(min_length=1)
    product_id = dy.String(min_length=1)
    order_id = dy.String(nullable=True)
    purchased_at = dy.Datetime(**UTC)
    purchase_day = dy.Date()
    quantity = dy.Float64(min=0.001)
    unit_price = dy.Decimal(**MONEY, nullable=True, min=0)
    total_price = dy.Decimal(**MONEY, nullable=True, min=0)
    store_location = dy.String(nullable=True)
    promotion_used = dy.Bool()
    rating = dy.Int8(nullable=True, min=1, max=5)
    review = dy.String(nullable=True)
    kind = dy.Enum(PURCHASE_KINDS)


class Products(dy.Schema):
    """The catalogue. A `withdrawn` product is gone from a catalogue that was declared complete: it is not offered."""

    product_id = dy.String(primary_key=True, min_length=1)
    name = dy.String(min_length=1)
    sku = dy.String(nullable=True)
    category = dy.String(nullable=True)
    brand = dy.String(nullable=True)
    supplier = dy.String(nullable=True)
    description = dy.String(nullable=True)
    unit = dy.String(nullable=True)
    price = dy.Decimal(**MONEY, nullable=True, min=0)
    cost = dy.Decimal(**MONEY, nullable=True, min=0)
    stock = dy.Int64(nullable=True)
    min_threshold = dy.Int64(nullable=True)
    location = dy.String(nullable=True)
    tags = dy.List(dy.String())
    dietary = dy.List(dy.String())
    withdrawn = dy.Bool(nullable=True)


class Customers(dy.Schema):
    """Profiles with preferences and consent. Without a consent, the default of the settings applies. A `withdrawn`
    profile is gone from an export that was declared complete: the customer gets no list."""

    customer_id = dy.String(primary_key=True, min_length=1)
    age = dy.Int16(nullable=True, min=18, max=120)
    gender = dy.String(nullable=True)
    location = dy.String(nullable=True)
    family_size = dy.Int16(nullable=True, min=1, max=20)
    dietary_restrictions = dy.List(dy.String())
    favorite_categories = dy.List(dy.String())
    brand_preferences = dy.List(dy.String())
    budget_min = dy.Decimal(**MONEY, nullable=True, min=0)
    budget_max = dy.Decimal(**MONEY, nullable=True, min=0)
    preferred_shopping_times = dy.List(dy.String())
    average_order_value = dy.Decimal(**MONEY, nullable=True, min=0)
    shopping_frequency = dy.Enum(SHOPPING_FREQUENCIES, nullable=True)
    consent_personalisation = dy.Bool(nullable=True)
    consent_ai_analysis = dy.Bool(nullable=True)
    created_at = dy.Datetime(**UTC, nullable=True)
    updated_at = dy.Datetime(**UTC, nullable=True)
    withdrawn = dy.Bool(nullable=True)

    @dy.rule()
    def budget_max_below_budget_min(cls) -> pl.Expr:
        unbounded = pl.col("budget_min").is_null() | pl.col("budget_max").is_null()
        return unbounded | (pl.col("budget_max") >= pl.col("budget_min"))


class Interactions(dy.Schema):
    """One row per view, cart change, wish or search."""

    interaction_id = dy.String(primary_key=True, min_length=1)
    customer_id = dy.String(min_length=1)
    product_id = dy.String(min_length=1)
    interaction_type = dy.Enum(INTERACTION_TYPES)
    occurred_at = dy.Datetime(**UTC)
    interaction_day = dy.Date()
    session_id = dy.String(nullable=True)
    metadata = dy.String(nullable=True)


class Quarantine(dy.Schema):
    """One row per input row that could not be imported. A rule of the mapping quarantined the `expected` rows (such as
    anonymous sales); they do not count as bad. `row_number` is the line of a text file or the row of a table, `item`
    the position in an order document (0 where a line is a row), `row` the row as it was read, as a JSON object."""

    file = dy.String(primary_key=True)
    row_number = dy.Int64(primary_key=True, min=0)
    item = dy.Int32(primary_key=True, min=0)
    column = dy.String(nullable=True)
    value = dy.String(nullable=True)
    reason = dy.String(min_length=1)
    expected = dy.Bool()
    row = dy.String()


class Superseded(dy.Schema):
    """The ids of rows of earlier imports that an import corrected."""

    id = dy.String(primary_key=True)


class Resolved(dy.Schema):
    """Quarantined rows of earlier imports that are no longer open: imported later (`replayed`) or `discarded`."""

    batch = dy.String(primary_key=True)
    file = dy.String(primary_key=True)
    row_number = dy.Int64(primary_key=True, min=0)
    item = dy.Int32(primary_key=True, min=0)
    how = dy.Enum(("replayed", "discarded"))


class ProductNames(dy.Schema):
    """How many rows of an import name a product so, where a mapping wants the most frequent name. The names of all
    imports count together."""

    product_id = dy.String(primary_key=True)
    name = dy.String(primary_key=True)
    rows = dy.Int32(min=1)


class Neighbours(dy.Schema):
    """The most similar products of each product, best first. `support` counts the customers (or baskets) with both,
    `customers` the distinct customers counted. Co-purchase columns are null if the two were not bought together often
    enough, or no more than by chance (a lift of 1 or below); content columns if both products lack the attribute.
    A `substitute` meets the same need and is hardly ever in the same basket, a `complement` is bought together with the
    product; null for neither."""

    product_id = dy.String(primary_key=True)
    rank = dy.Int32(min=1)
    neighbour_id = dy.String(primary_key=True)
    score = dy.Float64(min=0, max=1)
    co_purchase = dy.Float64(nullable=True, min=0, max=1)
    content = dy.Float64(nullable=True, min=0, max=1)
    relation = dy.Enum(RELATIONS, nullable=True)
    cosine = dy.Float64(nullable=True, min=0, max=1)
    jaccard = dy.Float64(nullable=True, min=0, max=1)
    lift = dy.Float64(nullable=True, min=0)
    conditional = dy.Float64(nullable=True, min=0, max=1)
    support = dy.Int32(nullable=True, min=0)
    customers = dy.Int32(nullable=True, min=0)
    same_category = dy.Bool(nullable=True)
    same_brand = dy.Bool(nullable=True)
    price_similarity = dy.Float64(nullable=True, min=0, max=1)
    text_similarity = dy.Float64(nullable=True, min=0, max=1)


class Cycles(dy.Schema):
    """The purchase rhythm of one customer for one product, as of the day of the run. `gap_days` holds the days
    between consecutive purchase days, oldest first, at most the latest 24. Purchase days of one burst are one of the
    `occasions` (see `steps.cycles.burst_days`). `mean_gap_days` is the mean over all gaps; the other statistics are
    about the gaps between occasions: median, quartiles (`lower_gap_days`, `upper_gap_days`), mean and deviation of the
    logs. `quantity_*` are the sums of squares and products, about their means, of the log quantity that began a
    gap and the log gap: how far gaps follow the quantity.
    `recency_weight` is the number of purchase days, each discounted by exp(-age / 60 days). The `customer_*` columns
    say how the customer shops over all products: `customer_recent_shopping_days` within the last 28 days,
    `customer_purchase_days` summed over the `customer_products` different products, `customer_mean_log_gap` over all
    their gaps."""

    customer_id = dy.String(primary_key=True)
    product_id = dy.String(primary_key=True)
    purchase_days = dy.Int32(min=1)
    occasions = dy.Int32(min=1)
    first_day = dy.Date()
    last_day = dy.Date()
    gap_days = dy.List(dy.Int32(min=0))
    mean_gap_days = dy.Float64(nullable=True, min=0)
    median_gap_days = dy.Float64(nullable=True, min=0)
    lower_gap_days = dy.Float64(nullable=True, min=0)
    upper_gap_days = dy.Float64(nullable=True, min=0)
    mean_log_gap = dy.Float64(nullable=True)
    std_log_gap = dy.Float64(nullable=True, min=0)
    typical_quantity = dy.Float64(min=0)
    last_quantity = dy.Float64(min=0)
    mean_log_quantity = dy.Float64(nullable=True)
    quantity_square = dy.Float64(nullable=True, min=0)
    quantity_gap_product = dy.Float64(nullable=True)
    spend = dy.Decimal(**MONEY, nullable=True)
    recency_weight = dy.Float64(min=0)
    customer_shopping_days = dy.Int32(min=1)
    customer_recent_shopping_days = dy.Int32(min=0)
    customer_products = dy.Int32(min=1)
    customer_purchase_days = dy.Int32(min=1)
    customer_mean_log_gap = dy.Float64(nullable=True, min=0)
    customer_first_day = dy.Date()
    customer_last_day = dy.Date()


class Rhythms(dy.Schema):
    """The purchase rhythm of each product, of each category and of all products (with `key` ""). `mean_log_gap`,
    `daily_rate` and `quantity_slope` are shrunk toward the level above; they are computed from `gaps` gaps of the
    `repeaters`: those of the `customers` who bought something of the key again, not only within one burst.
    `typical_gap_days` is the geometric mean of these gaps. `daily_rate` is the number of repeat purchases per day since
    a first purchase; `quantity_slope` how far the log gap follows the log quantity bought (1: twice as much lasts twice
    as long); `buyers_*d` counts the pairs bought within the last 7 and 28 days."""

    level = dy.Enum(RHYTHM_LEVELS, primary_key=True)
    key = dy.String(primary_key=True)
    pairs = dy.Int32(min=1)
    customers = dy.Int32(min=1)
    repeaters = dy.Int32(min=0)
    gaps = dy.Int32(min=0)
    typical_gap_days = dy.Float64(nullable=True, min=0)
    mean_log_gap = dy.Float64(min=0)
    daily_rate = dy.Float64(min=0)
    quantity_slope = dy.Float64()
    recency_weight = dy.Float64(min=0)
    typical_quantity = dy.Float64(min=0)
    buyers_7d = dy.Int32(min=0)
    buyers_28d = dy.Int32(min=0)
    last_day = dy.Date()


class ForecastModel(dy.Schema):
    """The fitted coefficients of the statistical predictor, one per term of each part: see
    `steps.forecasts.intervals` (part `interval`) and `steps.forecasts.hazard` (`hazard_personal`, `hazard_shared`)."""

    part = dy.String(primary_key=True)
    term = dy.String(primary_key=True)
    value = dy.Float64()


class Predictions(dy.Schema):
    """When a customer needs a product again. `interval_days` is the usual number of days between two purchases,
    null where nobody can know it;
    `probability_*d` is the calibrated chance of a purchase within that many days, the day of the run being the first;
    `alive` the chance of one within four intervals (at least 28 days; at most 182, or two intervals if that is more).
    `next_expected_date` is the expected day of the next purchase, never before the day of the run. `predicted_date` is
    the same day, except for what is `overdue`: there it is the day the product was due, in the past. It always lies in
    the window `date_p10`..`date_p90`, which holds 80 % of the purchases within that time; the window of what is overdue
    begins on the day it was due and ends when 80 % of the purchases still to come have happened."""

    customer_id = dy.String(primary_key=True)
    product_id = dy.String(primary_key=True)
    interval_days = dy.Float64(nullable=True, min=0)
    predicted_date = dy.Date()
    date_p10 = dy.Date()
    date_p90 = dy.Date()
    next_expected_date = dy.Date()
    probability_7d = dy.Float64(min=0, max=1)
    probability_14d = dy.Float64(min=0, max=1)
    probability_28d = dy.Float64(min=0, max=1)
    alive = dy.Float64(min=0, max=1)
    expected_quantity = dy.Float64(min=0)
    urgency = dy.Enum(URGENCIES)
    purchase_days = dy.Int32(min=1)
    last_day = dy.Date()
    reason = dy.String()
    predictor = dy.String()
    predictor_version = dy.String()
    fallback = dy.Bool()


class Recommendations(dy.Schema):
    """Ranked lists, one row per item, stored as `recommendations` (the lists of customers) and `shop_lists`
    (those of the whole shop). `list_id` is the key of the published row (`<customer>#homepage`,
    `<customer>#replenishment`, `<customer>#usual`, `similar#<product>`, `trending#all`, `seasonal#<season>`,
    `popular#all`); `customer_id` is null for lists of the whole shop. `confidence` is the calibrated chance that the
    customer buys the product within 14 days. The homepage of a customer without consent to personalisation is of the
    kind `popular`, and not published. An item with a prediction has the dates, the urgency and the chance of
    that prediction (`probability_14d`), in every list; in a replenishment list it also has the usual interval and the
    window of the prediction, and the category."""

    list_id = dy.String(primary_key=True)
    kind = dy.Enum(LIST_KINDS)
    customer_id = dy.String(nullable=True)
    rank = dy.Int32(primary_key=True, min=1)
    product_id = dy.String()
    product_name = dy.String()
    score = dy.Float64(min=0, max=1)
    shelf = dy.Enum(SHELVES, nullable=True)
    reason = dy.String()
    tags = dy.List(dy.String())
    confidence = dy.Float64(min=0, max=1)
    predicted_date = dy.Date(nullable=True)
    next_expected_date = dy.Date(nullable=True)
    urgency = dy.Enum(URGENCIES, nullable=True)
    category = dy.String(nullable=True)
    interval_days = dy.Float64(nullable=True, min=0)
    date_p10 = dy.Date(nullable=True)
    date_p90 = dy.Date(nullable=True)


class Receipts(dy.Schema):
    """The content of the store after a publish: one row per published item. `facts_hash`, `shares` and `days` (null
    where an older release wrote them) are what `services.publishing.drift` compares: the hash of what must not differ,
    the shares in ten-thousandths, the dates (since 1970) and days in tenths of a day."""

    list_id = dy.String(primary_key=True)
    content_hash = dy.String()
    published_at = dy.Datetime(**UTC)
    expires_at = dy.Datetime(**UTC)
    item_bytes = dy.Int64(nullable=True)  # unknown to an older release
    facts_hash = dy.String(nullable=True)
    shares = dy.List(dy.Int16(), nullable=True)
    days = dy.List(dy.Int32(), nullable=True)


FRAMES: dict[str, FrameSpec] = {
    "purchases": FrameSpec(Purchases, ("customer_id",)),
    "products": FrameSpec(Products, ("product_id",)),
    "customers": FrameSpec(Customers, ("customer_id",)),
    "interactions": FrameSpec(Interactions, ("customer_id",)),
    "quarantine": FrameSpec(Quarantine, ("file", "row_number", "item")),
    "superseded": FrameSpec(Superseded, ("id",)),
    "resolved": FrameSpec(Resolved, ("batch", "file", "row_number", "item")),
    "product_names": FrameSpec(ProductNames, ("product_id", "name")),
    "neighbours": FrameSpec(Neighbours, ("product_id", "rank")),
    "cycles": FrameSpec(Cycles, ("customer_id", "product_id")),
    "returned": FrameSpec(Returned, ("customer_id", "product_id")),
    "rhythms": FrameSpec(Rhythms, ("level", "key")),
    "forecast_model": FrameSpec(ForecastModel, ("part", "term")),
    "dead_letters": FrameSpec(DeadLetters, ("customer_id",)),
    "usage": FrameSpec(ModelUsage, ("customer_id",)),
    "analyses": FrameSpec(Analyses, ("customer_id",)),
    "predictions": FrameSpec(Predictions, ("customer_id", "product_id")),
    "popularity": FrameSpec(Popularity, ("kind", "scope", "rank")),
    "ranker": FrameSpec(Ranker, ("part", "model", "tree", "node", "feature")),
    "rankings": FrameSpec(Rankings, ("customer_id", "known", "rank")),
    "assortment": FrameSpec(Assortment, ("product_id",)),
    "recommendations": FrameSpec(Recommendations, ("customer_id", "list_id", "rank")),
    "unlisted": FrameSpec(Unlisted, ("customer_id",)),
    "shop_lists": FrameSpec(Recommendations, ("list_id", "rank")),
    "evaluations": FrameSpec(Evaluations, ("row",)),
    "reliability": FrameSpec(Reliability, ("row",)),
    "shop_orders": FrameSpec(ShopOrders, ("order_day", "hour")),
    "shopping_patterns": FrameSpec(ShoppingPatterns, ("customer_id",)),
    "segments": FrameSpec(Segments, ("customer_id",)),
    "receipts": FrameSpec(Receipts, ("list_id",)),
}
