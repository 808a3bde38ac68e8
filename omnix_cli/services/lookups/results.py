"""The results of a run, looked up for people: lists, neighbours, what is due, one customer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from omnix_cli import list_ids
from omnix_cli.days.chances import chance_within
from omnix_cli.days.seasons import SEASONS, Hemisphere, season_on
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.lookups.run_frames import RunFrames

_log = logging.getLogger(__name__)
_DATES = ("predicted_date", "next_expected_date", "date_p10", "date_p90")
_CHANCES = ("probability_7d", "probability_14d", "probability_28d", "alive")
_PREDICTED = (*_DATES, *_CHANCES, "expected_quantity", "urgency")
_PREDICTION = ("customer_id", "product_id", *_PREDICTED, "interval_days", "reason")
_PRODUCT = ("product_id", "product_name")
_DUE = ("predicted_date", "next_expected_date")
_LISTED = ("rank", *_PRODUCT, "score", "confidence", "shelf", "reason", *_DUE, "urgency", "tags")
_CO_PURCHASE = ("cosine", "jaccard", "lift", "conditional", "support", "customers")
_CONTENT = ("same_category", "same_brand", "price_similarity", "text_similarity")
_NEIGHBOUR = ("product_id", "score", "co_purchase", "content", "relation", *_CO_PURCHASE, *_CONTENT)
_RELATIONS = {
    "similar": (None, "rank"),
    "complements": ("complement", "co_purchase"),
    "substitutes": ("substitute", "content"),
}
"""What the neighbours of a product may be, and the column that orders them."""
PROFILE = (
    *("customer_id", "age", "gender", "location", "family_size", "dietary_restrictions", "favorite_categories"),
    *("brand_preferences", "budget_min", "budget_max", "preferred_shopping_times", "average_order_value"),
    *("shopping_frequency", "consent_personalisation", "consent_ai_analysis", "created_at", "updated_at", "withdrawn"),
)
"""The columns of a profile, named so that a look-up need not load the schemas."""
_NO_CONSENT = "there is no consent to personalisation"
_WITHDRAWN = "the profile was withdrawn"
_NOTHING_LEFT = {
    None: "there was nothing to offer",
    "dietary": "no product is labelled as fitting the diet of the profile",
    "budget": "no product is within the budget of the profile",
    "min_support": "too few customers bought any of the products (recommend.min_support)",
    "out_of_stock": "what could be offered is out of stock",
}
"""Why a customer has no homepage list, by the rule that removed most."""
_PATTERNS = ("average_order_value", "shopping_frequency", "preferred_times", "seasons")
_BOUGHT = ("purchase_days", "last_day", "median_gap_days")


@dataclass(frozen=True)
class Results:
    """Each method answers one question of a person about the frames of a run."""

    frames: RunFrames
    hemisphere: Hemisphere = "northern"
    consent: bool = True
    """Whether to personalise for customers whose profile does not say."""

    def recommendations(self, customer: str, *, context: str, limit: int) -> pl.DataFrame:
        """A customer's list by rank. A warning says why a customer has none; on the homepage, somebody unknown gets the
        popular products, on the shelf `fallback`."""
        contexts = list_ids.CUSTOMER_CONTEXTS
        if context not in contexts:
            raise ConfigError(f"there is no context {context!r}", hint=f"Choose one of: {', '.join(contexts)}.")
        theirs = self.frames.scan("recommendations", "customer_id", "list_id", *_LISTED)
        own = theirs.filter(customer_id=customer, list_id=list_ids.personal(customer, context)).collect()
        if own.is_empty() and not self._is_known("customer_id", customer):
            popular = self._shop_list(list_ids.popular(), limit=limit if context == "homepage" else 0)
            instead = "popular products instead" if popular.height else "check the id"
            day = self.frames.day("recommendations")
            _log.warning("`%s` has no purchases before %s and no profile; %s", customer, day, instead)
            return popular.with_columns(shelf=pl.lit("fallback"))
        if own.is_empty():
            _log.warning("`%s` has no list for this context: %s", customer, self._why_no_list(customer, context))
        return own.sort("rank").select(_LISTED).head(limit)

    def trending(self, *, limit: int) -> pl.DataFrame:
        """The products that lately rose faster than the shop as a whole, by rank; a warning says why there are none."""
        rows = self._shop_list(list_ids.trending(), limit=limit)
        if rows.is_empty():
            needs = self.frames.figures("popularity").get("trending_needs")
            _log.warning("nothing trends%s", f": trends need {needs}" if needs else "")
        return rows

    def seasonal(self, season: str, *, limit: int) -> pl.DataFrame:
        """The products of a season by rank; `current` is the season of the run's day. A warning says why there are
        none."""
        rows = self._shop_list(list_ids.seasonal(self.season(season)), limit=limit)
        if rows.is_empty():
            by = self.frames.figures("popularity").get("seasonal_by")
            _log.warning("nothing sells in this season above chance%s", f" (by {by})" if by else "")
        return rows

    def season(self, name: str) -> str:
        """The season of that name; for `current` that of the run's day. Raises `ConfigError` for an unknown one."""
        if name == "current":
            return season_on(self.frames.day("shop_lists"), self.hemisphere)
        if name not in SEASONS:
            raise ConfigError(f"there is no season {name!r}", hint=f"Choose one of: current, {', '.join(SEASONS)}.")
        return name

    def similar(self, product: str, *, relation: str | None = None, limit: int) -> pl.DataFrame:
        """The neighbours of a product that are offered, with every part of their score; with a `relation` only its
        complements, most often bought together first, or its substitutes, most alike first. Raises `DataError` for an
        unknown product."""
        order = _RELATIONS.get(relation or "similar")
        if order is None:
            raise ConfigError(f"there is no relation {relation!r}", hint=f"Choose one of: {', '.join(_RELATIONS)}.")
        kind, part = order
        neighbours = self.frames.scan("neighbours", "rank", "neighbour_id", *_NEIGHBOUR)
        theirs = neighbours.filter(product_id=product)
        if kind:
            theirs = theirs.filter(pl.col("relation") == kind)
        assortment = self.frames.scan_if_made("assortment", "product_id", "blocked", "dormant", "never_named")
        if assortment is not None:
            offered = assortment.filter(pl.col("blocked").is_null(), ~pl.col("dormant"))
            theirs = theirs.join(offered, left_on="neighbour_id", right_on="product_id", how="semi")
            theirs = theirs.join(assortment.filter("never_named"), on="product_id", how="anti")
        nearest = theirs.sort(part, "rank", descending=[kind is not None, False]).head(limit)
        rows = nearest.join(self._names("neighbour_id"), on="neighbour_id", how="left", maintain_order="left").collect()
        if rows.is_empty():
            self.check_product(product)
        return rows.select("rank", "neighbour_id", "product_name", *_NEIGHBOUR)

    def due(self, *, days: int, customer: str | None, limit: int) -> pl.DataFrame:
        """Who needs what within `days` days, the day of the run being the first: the predictions with the highest
        `probability` of a purchase in that time, the highest first.

        For 7, 14 and 28 days it is the stated chance, else one between those (see `chances.chance_within`). What the
        assortment blocks is left out."""
        names = self._names("product_id")  # first: it tells a newer workspace from one whose predictions are old
        rows = self.frames.scan("predictions", *_PREDICTION).with_columns(probability=chance_within(days).round(6))
        rows = rows.filter(pl.col("probability") > 0)
        assortment = self.frames.scan_if_made("assortment", "product_id", "blocked")
        if assortment is not None:
            rows = rows.join(assortment.filter(pl.col("blocked").is_not_null()), on="product_id", how="anti")
        if customer is not None:
            rows = rows.filter(customer_id=customer)
        order = ("probability", "next_expected_date", "customer_id", "product_id")
        first = rows.sort(order, descending=[True, False, False, False]).head(limit)
        named = first.join(names, on="product_id", how="left", maintain_order="left")
        return named.select("customer_id", *_PRODUCT, "probability", *_PREDICTED, "reason").collect()

    def customer(self, customer: str, *, limit: int) -> pl.DataFrame:
        """What a customer buys, most often bought first, with the rhythm and the next date. Raises `DataError` for an
        unknown customer."""
        rows = self.frames.scan("cycles", "customer_id", "product_id", *_BOUGHT).filter(customer_id=customer)
        predictions = self.frames.scan("predictions", *_PREDICTION).filter(customer_id=customer)
        merged = rows.join(predictions.select("product_id", *_PREDICTED), on="product_id", how="left")
        most = self._with_names(merged).sort(["purchase_days", "product_id"], descending=[True, False]).head(limit)
        result = most.select(*_PRODUCT, *_BOUGHT, *_PREDICTED).collect()
        if result.is_empty():
            self.check_customer(customer)
        return result

    def segments(self) -> pl.DataFrame:
        """How many customers each segment has, what they have in common, and what the segment means."""
        from omnix_cli.frames.shopping import SEGMENT_MEANINGS  # here: no other look-up needs the schemas

        numbers = ("days_since_last", "recent_orders", "recent_spend")
        rows = self.frames.scan("segments", "segment", *numbers).collect()
        medians = (pl.col(name).cast(pl.Float64).median().alias(f"median_{name}") for name in numbers)
        counts = rows.group_by("segment").agg(pl.len().alias("customers"), *medians)
        meaning = pl.col("segment").cast(pl.String).replace_strict(SEGMENT_MEANINGS, return_dtype=pl.String)
        share = (pl.col("customers") / rows.height).round(4)
        with_share = counts.with_columns(share=share, meaning=meaning).sort("segment")
        return with_share.select("segment", "customers", "share", *(f"median_{name}" for name in numbers), "meaning")

    def segment(self, customer: str) -> pl.DataFrame:
        """The segment and the shopping patterns of a customer: one row, or none without orders or consent, of which a
        warning says. Raises `DataError` for an unknown customer."""
        rows = self.frames.scan("segments").filter(customer_id=customer)
        patterns = self.frames.scan("shopping_patterns", "customer_id", *_PATTERNS).filter(customer_id=customer)
        found = rows.join(patterns.select("customer_id", *_PATTERNS), on="customer_id").collect()
        if found.is_empty():
            self.check_customer(customer)
            _log.warning("`%s` is in no segment: %s", customer, self._why_no_segment(customer))
        return found

    def profile(self, customer: str) -> pl.DataFrame:
        """The imported profile of a customer: one row, or none."""
        profiles = self.frames.source("customers")
        if not profiles.rows:
            return pl.DataFrame(schema=dict.fromkeys(PROFILE, pl.String))
        return profiles.scan(*PROFILE).filter(customer_id=customer).select(PROFILE).collect()

    def analysis(self, customer: str) -> pl.DataFrame:
        """What a model said about a customer, as names and values; no rows when none was asked. Raises `DataError`
        for an unknown customer."""
        rows = self.frames.scan("analyses").filter(customer_id=customer).collect()
        if rows.is_empty():
            self.check_customer(customer)
        return pl.DataFrame(
            [(name, str(value)) for row in rows.iter_rows(named=True) for name, value in _facts(row)],
            schema={"what": pl.String, "value": pl.String},
            orient="row",
        )

    def _shop_list(self, list_id: str, *, limit: int) -> pl.DataFrame:
        lists = self.frames.scan("shop_lists", "list_id", *_LISTED)
        return lists.filter(list_id=list_id).head(limit).collect().sort("rank").select(_LISTED)

    def _why_no_segment(self, customer: str) -> str:
        profile = self.profile(customer).select("consent_personalisation", "withdrawn").rows()
        consent, withdrawn = profile[0] if profile else (None, None)
        if withdrawn:
            return _WITHDRAWN
        agrees = self.consent if consent is None else consent
        return "the run knew of no order, or of no consent" if agrees else _NO_CONSENT

    def _why_no_list(self, customer: str, context: str) -> str:
        profile = self.profile(customer).select("consent_personalisation", "withdrawn").rows()
        consent, withdrawn = profile[0] if profile else (None, None)
        if withdrawn:
            return _WITHDRAWN
        if context != "homepage":
            return "nothing is due soon" if (self.consent if consent is None else consent) else _NO_CONSENT
        unlisted = self.frames.scan_if_made("unlisted", "customer_id", "rule")
        rules = [] if unlisted is None else unlisted.filter(customer_id=customer).collect()["rule"].to_list()
        return (
            _NOTHING_LEFT.get(rules[0], f"the rule {rules[0]} leaves nothing") if rules else "the run did not know them"
        )

    def check_customer(self, customer: str) -> None:
        """Raises `DataError` for a customer that was never imported."""
        if not self._is_known("customer_id", customer):
            hint = "Check the id. Runs know the customers of imported purchases and profiles."
            raise DataError(f"there is no customer {customer!r}", hint=hint)

    def check_product(self, product: str) -> None:
        """Raises `DataError` for a product that was never imported."""
        if not self._is_known("product_id", product):
            raise DataError(f"there is no product {product!r}", hint="Check the id, or import the catalogue.")

    def _is_known(self, column: str, value: str) -> bool:
        kinds = ("products", "purchases") if column == "product_id" else ("customers", "purchases", "interactions")
        sources = (self.frames.source(kind).scan(column) for kind in kinds)
        return any(rows.filter(pl.col(column) == value).head(1).collect().height for rows in sources)

    def _with_names(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.join(self._names("product_id"), on="product_id", how="left", maintain_order="left")

    def _names(self, key: str) -> pl.LazyFrame:
        products = self.frames.source("products").scan("product_id", "name")
        return products.select(pl.col("product_id").alias(key), pl.col("name").alias("product_name"))


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The parts of an analysis, as dotted names."""
    yield from ((name, row[name]) for name in ("asked_day", "model", "prompt", "data_quality"))
    for part, values in orjson.loads(row["analysis"]).items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{part}.{name}" if name else part, text
