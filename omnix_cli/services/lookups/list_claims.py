"""The claims of lists: what is bought together, alike, popular, in season, wished for."""

from __future__ import annotations

import polars as pl

from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Sentence
from omnix_cli.reasons.rounding import at_least
from omnix_cli.services.lookups.claim_evidence import FEW, PAIR, Check, Evidence, judged

_TOLERANCE = 0.051
"""A figure is written with one decimal."""


def _signal(kind: str) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        seen = (
            evidence.interactions.filter(pl.col("interaction_type") == kind)
            .group_by(PAIR)
            .agg(days=pl.col("interaction_day").unique())
            .collect()
        )
        known = rows.join(seen, on=PAIR, how="left")
        right = pl.col("days").list.contains(pl.col("on"))
        return judged(known, right, pl.format("on {}", pl.col("days").list.max()))

    return check


def _together_with(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The source is named, and names may be shared: one of the customer's products of that name must fit."""
    numbered = rows.with_row_index("claim")
    own = _own_products(evidence, numbered)
    pairs = own.select("claim", one="source", other="product_id")
    counts = pairs.join(evidence.facts.together(pairs, baskets=evidence.baskets), on=["one", "other"])
    right = (at_least(pl.col("customers_counted")) == pl.col("customers")).any()
    fits = (
        counts.rename({"customers": "customers_counted"})
        .join(numbered.select("claim", "customers"), on="claim")
        .group_by("claim")
        .agg(right_count=right, counted=pl.col("customers_counted").max())
    )
    known = numbered.join(fits, on="claim", how="left").drop("claim")
    return judged(known, pl.col("right_count"), pl.format("{} customers", "counted"))


def _own_products(evidence: Evidence, numbered: pl.DataFrame) -> pl.DataFrame:
    """For each claim the customer's own products of the name in `source`: claim, product_id, `source` (an id)."""
    names = evidence.facts.catalogue.select(own="product_id", label=pl.coalesce("name", "product_id"))
    own = evidence.facts.pairs.select("customer_id", own="product_id").join(names, on="own")
    return numbered.join(own, left_on=["customer_id", "source"], right_on=["customer_id", "label"]).select(
        "claim", "product_id", source="own"
    )


def _similar_to(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    numbered = rows.with_row_index("claim")
    own = _own_products(evidence, numbered).select("claim", own=pl.lit(True)).unique()
    known = numbered.join(own, on="claim", how="left").drop("claim")
    return judged(known, pl.col("own"), pl.lit("bought nothing of that name"))


def _category_of(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """A name may hold a colon: what stands for name and category together must be those of an own product."""
    names = evidence.facts.catalogue.select(
        own="product_id", said=pl.format("{}: {}", pl.coalesce("name", "product_id"), "category"), shared="category"
    )
    own = evidence.facts.pairs.select("customer_id", own="product_id").join(names, on="own")
    own = own.select("customer_id", "said", "shared").unique(["customer_id", "said"], keep="any")
    said = pl.format("{}: {}", "source", "category")
    known = _described(evidence, rows.with_columns(said=said)).join(own, on=["customer_id", "said"], how="left")
    return judged(known, pl.col("shared") == pl.col("category_known"), pl.format("category {}", "category_known"))


def _described(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with category, brand and price of the product (`*_known`), and of the source (`*_of_source`)."""
    facts = evidence.facts.catalogue.select("product_id", "category", "brand", "price")
    known = facts.rename({name: f"{name}_known" for name in ("category", "brand", "price")})
    source = facts.rename({name: f"{name}_of_source" for name in ("category", "brand", "price")})
    return rows.join(known, on="product_id", how="left", maintain_order="left").join(
        source.rename({"product_id": "source_id"}), on="source_id", how="left", maintain_order="left"
    )


def _same(attribute: str) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        known, source = pl.col(f"{attribute}_known"), pl.col(f"{attribute}_of_source")
        right = (pl.col(attribute) == known) & (known == source)
        return judged(_described(evidence, rows), right, pl.format("{} and {}", known.fill_null("-"), source))

    return check


def _similar_price(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    prices = ("price_known", "price_of_source")
    ratio = (pl.min_horizontal(prices) / pl.max_horizontal(prices)).fill_nan(1.0)
    return judged(_described(evidence, rows), ratio >= 0.8 - 1e-9, pl.format("{} and {}", *prices))


def _similar_text(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """Names or tags share a word: what weight each word has is a matter of the step."""
    text = pl.concat_str(pl.col("name").fill_null(""), pl.col("tags").list.join(" ").fill_null(""), separator=" ")
    words = text.str.to_lowercase().str.extract_all(r"[\p{L}][\p{L}\p{N}]+")
    facts = evidence.facts.catalogue.select("product_id", words=words)
    known = rows.join(facts, on="product_id", how="left").join(
        facts.select(source_id="product_id", source_words="words"), on="source_id", how="left"
    )
    shared = pl.col("words").list.set_intersection("source_words")
    return judged(known, shared.list.len() > 0, pl.lit("no word in common"))


def _plain_neighbour(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    return judged(rows, pl.col("source_id") != pl.col("product_id"), pl.lit("the product itself"))


def _together(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    pairs = rows.select(one="source_id", other="product_id")
    counts = evidence.facts.together(pairs, baskets=evidence.baskets).rename({"customers": "counted"})
    known = rows.join(counts, left_on=["source_id", "product_id"], right_on=["one", "other"], how="left")
    return judged(known, pl.col("customers") == at_least(pl.col("counted")), pl.format("{} customers", "counted"))


def _taste(attribute: str, profile: str) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        tastes = evidence.customers.select("customer_id", tastes=profile).collect()
        known = _described(evidence, rows).join(tastes, on="customer_id", how="left")
        of_product = pl.col(attribute) == pl.col(f"{attribute}_known")
        right = of_product & pl.col("tastes").list.contains(pl.col(attribute))
        return judged(known, right, pl.format("{} {}", pl.lit(attribute), f"{attribute}_known"))

    return check


def _popular(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    counts = evidence.facts.buyers.select("product_id", counted="customers")
    known = rows.join(counts, on="product_id", how="left")
    return judged(known, pl.col("customers") == at_least(pl.col("counted")), pl.format("{} customers", "counted"))


def _trending(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    parts = []
    for window in rows["days"].unique().sort().cast(pl.Int64):
        now = evidence.facts.customers_between(1, window).rename({"customers": "now"})
        before = evidence.facts.customers_between(window + 1, 2 * window).rename({"customers": "then"})
        part = rows.filter(pl.col("days") == window).join(now, on="product_id", how="left")
        joined = part.join(before, on="product_id", how="left").with_columns(pl.col("now", "then").fill_null(0))
        opened = [evidence.facts.open_days(*ages) for ages in ((1, window), (window + 1, 2 * window))]
        parts.append(joined.with_columns(open_now=opened[0], open_then=opened[1]))
    known = pl.concat(parts)
    right = pl.col("customers") == pl.col("now")
    right &= pl.col("before") == pl.col("then") if "before" in rows.columns else pl.col("then") < FEW
    if "open" in rows.columns:
        right &= (pl.col("open") == pl.col("open_now")) & (pl.col("open_before") == pl.col("open_then"))
    found = pl.format("{} customers, {} before, open on {} and {} days", "now", "then", "open_now", "open_then")
    return judged(known, right, found)


def _seasonal(*, of_category: bool) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        index = evidence.facts.season_index(of_category=of_category)
        lasted = evidence.facts.season_days.rename({"days": "lasted"})
        known = _described(evidence, rows).join(index, on=["product_id", "season"], how="left")
        known = known.join(lasted, on="season", how="left")
        right = (
            ((pl.col("times") - pl.col("index")).abs() <= _TOLERANCE)
            & (pl.col("days") == pl.col("lasted"))
            & (pl.col("season") == pl.col("season_again"))
        )
        if of_category:
            right &= pl.col("category") == pl.col("category_known")
        return judged(known, right, pl.format("{} times, {} days", pl.col("index").round(2), "lasted"))

    return check


CHECKS: dict[Sentence, Check] = {
    sentences.TOGETHER_WITH: _together_with,
    sentences.CATEGORY_OF: _category_of,
    sentences.SIMILAR_TO: _similar_to,
    **{sentence: _signal(kind) for kind, sentence in sentences.SIGNALS.items()},
    sentences.FAVOURITE_CATEGORY: _taste("category", "favorite_categories"),
    sentences.PREFERRED_BRAND: _taste("brand", "brand_preferences"),
    **{counted.popular: _popular for counted in sentences.COUNTED.values()},
    **{trend: _trending for counted in sentences.COUNTED.values() for trend in counted if trend != counted.popular},
    sentences.SEASONAL: _seasonal(of_category=False),
    sentences.SEASONAL_ONCE: _seasonal(of_category=False),
    sentences.SEASONAL_CATEGORY: _seasonal(of_category=True),
    **dict.fromkeys(sentences.TOGETHER.values(), _together),
    sentences.SAME_CATEGORY: _same("category"),
    sentences.SAME_BRAND: _same("brand"),
    sentences.SIMILAR_PRICE: _similar_price,
    sentences.SIMILAR_TEXT: _similar_text,
    sentences.SIMILAR: _plain_neighbour,
}
"""How the claims of each sentence are checked."""
