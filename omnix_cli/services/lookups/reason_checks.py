"""Are the reasons true? Every sentence of a run is read again, and what it claims is counted from the purchases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli import list_ids
from omnix_cli.counted_nouns import counted
from omnix_cli.errors import DataError, PartialError
from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Form, Sentence
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.services.lookups.run_frames import RunFrames

_PAIR = ["customer_id", "product_id"]
_TOLERANCE = 0.051
"""A figure is written with one decimal."""
STATISTICAL = "statistical"
_CLAIM = ("where", *_PAIR, "source_id", "reason", "is_models")
_NOTHING = pl.DataFrame(
    schema={name: pl.String for name in (*_CLAIM[:-1], "found")} | {"right": pl.Boolean}  # what nobody claims
)

Check = Callable[["Evidence", pl.DataFrame], pl.DataFrame]
"""Adds to the claims of a sentence `found`, what the purchases say in words, and `right`."""


@dataclass(frozen=True)
class Evidence:
    """What claims are held against."""

    facts: PurchaseFacts
    interactions: pl.LazyFrame
    customers: pl.LazyFrame
    baskets: bool


@dataclass(frozen=True)
class ReasonCheck:
    """The outcome. `kinds` has a row per kind of sentence: checked, right, wrong, and some wrong ones in `examples`;
    `unread` counts reasons that a model wrote in its own words."""

    kinds: pl.DataFrame
    unread: int

    @property
    def wrong(self) -> int:
        """How many sentences are not true."""
        return int(self.kinds["wrong"].sum())


def check_reasons(frames: RunFrames, *, limit: int) -> ReasonCheck:
    """Checks the reasons of predictions, recommendations and shop lists; at most `limit` examples a kind.

    Raises `PartialError` with the report when some are wrong, and `DataError` if rows were imported since the run: then
    nothing can be counted as it was."""
    record = frames.record("recommendations")
    changed = [kind for kind in ("purchases", "products") if record.sources.get(kind) != frames.source(kind).key]
    if changed:
        message = f"the {' and '.join(changed)} changed since run {record.run_id}"
        raise DataError(message, hint="Reasons can be checked until the next import. Run `omnix run`, then check.")
    settings = record.settings
    facts = PurchaseFacts(
        frames.source("purchases").scan(),
        frames.source("products").scan(),
        record.as_of,
        settings["recommend"]["hemisphere"],
    )
    evidence = Evidence(
        facts,
        frames.source("interactions").scan(),
        frames.source("customers").scan(),
        settings["similarity"]["basis"] == "basket",
    )
    told, unread = [_told(_NOTHING, "unknown")], 0
    for forms, claims in _claims(frames):
        unread += int(claims["is_models"].sum())
        rest = claims.filter(~pl.col("is_models"))
        for form in forms:
            read = pl.concat([rest, form.read(rest["reason"])], how="horizontal")
            is_read = pl.any_horizontal(pl.col(sentence.field("text")).is_not_null() for sentence in form.sentences)
            for sentence in form.sentences:
                rows = read.filter(pl.col(sentence.field("text")).is_not_null())
                if rows.height:
                    fields = {sentence.field(name): name for name in (*sentence.numbers, *sentence.texts)}
                    judged = CHECKS[sentence](evidence, rows.select(*claims.columns, *fields).rename(fields))
                    told.append(_told(judged, sentence.kind))
            rest = read.filter(~is_read).select(claims.columns)
        alien = rest.with_columns(found=pl.lit("no sentence of omnix"), right=pl.lit(False))
        told.append(_told(alien, "unknown"))
    report = ReasonCheck(_by_kind(pl.concat(told), limit), unread)
    if report.wrong:
        message = f"{counted(report.wrong, 'sentence')} of {report.kinds['checked'].sum():,} not true"
        raise PartialError(message, hint="See `examples`. Please report it: reasons should be true.", report=report)
    return report


def _told(judged: pl.DataFrame, kind: str) -> pl.DataFrame:
    whose = pl.concat_str(["where", "customer_id", "product_id"], separator=" ", ignore_nulls=True)
    example = pl.format("{}: {} (found: {})", whose, "reason", "found")
    shown = pl.when(~pl.col("right")).then(example)
    return judged.select(pl.lit(kind).alias("kind"), "right", example=shown)


def _by_kind(told: pl.DataFrame, limit: int) -> pl.DataFrame:
    return (
        told.group_by("kind")
        .agg(
            checked=pl.len(),
            right=pl.col("right").sum(),
            wrong=(~pl.col("right")).sum(),
            examples=pl.col("example").drop_nulls().sort().head(limit),
        )
        .sort("wrong", "kind", descending=[True, False])
    )


def _claims(frames: RunFrames) -> Iterator[tuple[tuple[Form, ...], pl.DataFrame]]:
    """The reasons of the run, with the forms they may have: `where` they stand, whom and what they are about, the
    `source_id` of a list of a product, and whether a model wrote them."""
    none = pl.lit(None, pl.String)
    predicted = frames.scan("predictions", *_PAIR, "reason", "predictor", "fallback").collect()
    written = (pl.col("predictor") != STATISTICAL) & ~pl.col("fallback")
    told = predicted.with_columns(where=pl.lit("predictions"), source_id=none, is_models=written)
    yield (sentences.NEEDED_AGAIN,), told.select(_CLAIM)
    models = told.filter("is_models").select(*_PAIR, "reason", by_model=pl.lit(True))
    lists = frames.scan("recommendations", "list_id", *_PAIR, "reason").collect()
    placed = lists.join(models, on=[*_PAIR, "reason"], how="left", maintain_order="left").with_columns(
        where="list_id", source_id=none, is_models=pl.col("by_model").fill_null(False)
    )
    yield (sentences.NEEDED_AGAIN, sentences.OFFERED_AS_NEW, sentences.FILLED_UP), placed.select(_CLAIM)
    shop = frames.scan("shop_lists", "list_id", "product_id", "kind", "reason").collect()
    near = pl.col("kind").cast(pl.String).is_in(list_ids.PRODUCT_KINDS)
    subject = pl.col("list_id").str.splitn("#", 2).struct.field("field_1")
    others = shop.with_columns(where="list_id", customer_id=none, is_models=pl.lit(False))
    yield (sentences.NEIGHBOURS,), others.filter(near).with_columns(source_id=subject).select(_CLAIM)
    yield (sentences.OF_THE_SHOP,), others.filter(~near).with_columns(source_id=none).select(_CLAIM)


# What each sentence claims


def _judged(rows: pl.DataFrame, right: pl.Expr, found: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(right=right.fill_null(False), found=pl.coalesce(found, pl.lit("nothing")))


def _of_pair(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the customer bought of the product: times, last, gaps and `since`, days since the last."""
    known = rows.join(evidence.facts.pairs, on=_PAIR, how="left", suffix="_bought")
    return known.with_columns(since=(pl.lit(evidence.facts.as_of) - pl.col("last")).dt.total_days().clip(1))


def _own_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    known = _of_pair(evidence, rows).with_columns(usual=pl.col("gaps").list.median().round().clip(1))
    right = (pl.col("every") == pl.col("usual")) & (pl.col("ago") == pl.col("since"))
    return _judged(known, right, pl.format("every {} days, last {} days ago", "usual", "since"))


def _bought(times: int | None) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        claimed = pl.col("times") if times is None else pl.lit(times)
        known = _of_pair(evidence, rows.rename({"times": "claimed"}) if times is None else rows)
        claimed = pl.col("claimed") if times is None else pl.lit(times)
        right = (pl.col("times") == claimed) & (pl.col("ago") == pl.col("since"))
        return _judged(known, right, pl.format("bought {} times, last {} days ago", "times", "since"))

    return check


def _signal(kind: str) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        ago = (pl.lit(evidence.facts.as_of) - pl.col("interaction_day")).dt.total_days()
        seen = (
            evidence.interactions.filter(pl.col("interaction_type") == kind)
            .group_by(_PAIR)
            .agg(days=ago.unique())
            .collect()
        )
        known = rows.join(seen, on=_PAIR, how="left")
        right = pl.col("days").list.contains(pl.col("ago").cast(pl.Int64))
        return _judged(known, right, pl.format("{} days ago", pl.col("days").list.min()))

    return check


def _together_with(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The source is named, and names may be shared: one of the customer's products of that name must fit."""
    numbered = rows.with_row_index("claim")
    own = _own_products(evidence, numbered)
    pairs = own.select("claim", one="source", other="product_id")
    counts = pairs.join(evidence.facts.together(pairs, baskets=evidence.baskets), on=["one", "other"])
    right = (pl.col("customers_counted") == pl.col("customers")).any()
    fits = (
        counts.rename({"customers": "customers_counted"})
        .join(numbered.select("claim", "customers"), on="claim")
        .group_by("claim")
        .agg(right_count=right, counted=pl.col("customers_counted").max())
    )
    known = numbered.join(fits, on="claim", how="left").drop("claim")
    return _judged(known, pl.col("right_count"), pl.format("{} customers", "counted"))


def _own_products(evidence: Evidence, numbered: pl.DataFrame) -> pl.DataFrame:
    """For each claim the customer's own products of the name in `source`: claim, product_id, `source` (an id) and the
    `source_category`."""
    names = evidence.facts.catalogue.select(
        own="product_id", label=pl.coalesce("name", "product_id"), source_category="category"
    )
    own = evidence.facts.pairs.select("customer_id", own="product_id").join(names, on="own")
    return numbered.join(own, left_on=["customer_id", "source"], right_on=["customer_id", "label"]).select(
        "claim", "product_id", "source_category", source="own"
    )


def _similar_to(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    numbered = rows.with_row_index("claim")
    own = _own_products(evidence, numbered).select("claim", own=pl.lit(True)).unique()
    known = numbered.join(own, on="claim", how="left").drop("claim")
    return _judged(known, pl.col("own"), pl.lit("bought nothing of that name"))


def _category_of(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    numbered = rows.with_row_index("claim")
    own = _own_products(evidence, numbered).select("claim", category="source_category", fits=pl.lit(True)).unique()
    known = _described(evidence, numbered).join(own, on=["claim", "category"], how="left").drop("claim")
    right = pl.col("fits") & (pl.col("category") == pl.col("category_known"))
    return _judged(known, right, pl.format("category {}", "category_known"))


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
        return _judged(_described(evidence, rows), right, pl.format("{} and {}", known.fill_null("-"), source))

    return check


def _similar_price(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    prices = ("price_known", "price_of_source")
    ratio = (pl.min_horizontal(prices) / pl.max_horizontal(prices)).fill_nan(1.0)
    return _judged(_described(evidence, rows), ratio >= 0.8 - 1e-9, pl.format("{} and {}", *prices))


def _similar_text(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """Names or tags share a word: what weight each word has is a matter of the step."""
    text = pl.concat_str(pl.col("name").fill_null(""), pl.col("tags").list.join(" ").fill_null(""), separator=" ")
    words = text.str.to_lowercase().str.extract_all(r"[\p{L}][\p{L}\p{N}]+")
    facts = evidence.facts.catalogue.select("product_id", words=words)
    known = rows.join(facts, on="product_id", how="left").join(
        facts.select(source_id="product_id", source_words="words"), on="source_id", how="left"
    )
    shared = pl.col("words").list.set_intersection("source_words")
    return _judged(known, shared.list.len() > 0, pl.lit("no word in common"))


def _plain_neighbour(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    return _judged(rows, pl.col("source_id") != pl.col("product_id"), pl.lit("the product itself"))


def _together(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    pairs = rows.select(one="source_id", other="product_id")
    counts = evidence.facts.together(pairs, baskets=evidence.baskets).rename({"customers": "counted"})
    known = rows.join(counts, left_on=["source_id", "product_id"], right_on=["one", "other"], how="left")
    return _judged(known, pl.col("customers") == pl.col("counted"), pl.format("{} customers", "counted"))


def _taste(attribute: str, profile: str) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        tastes = evidence.customers.select("customer_id", tastes=profile).collect()
        known = _described(evidence, rows).join(tastes, on="customer_id", how="left")
        of_product = pl.col(attribute) == pl.col(f"{attribute}_known")
        right = of_product & pl.col("tastes").list.contains(pl.col(attribute))
        return _judged(known, right, pl.format("{} {}", pl.lit(attribute), f"{attribute}_known"))

    return check


def _popular(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    counts = evidence.facts.buyers.select("product_id", counted="customers")
    known = rows.join(counts, on="product_id", how="left")
    return _judged(known, pl.col("customers") == pl.col("counted"), pl.format("{} customers", "counted"))


def _trending(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    parts = []
    for window in rows["days"].unique().sort().cast(pl.Int64):
        part = rows.filter(pl.col("days") == window)
        now = evidence.facts.customers_between(1, window).rename({"customers": "now"})
        before = evidence.facts.customers_between(window + 1, 2 * window).rename({"customers": "then"})
        joined = part.join(now, on="product_id", how="left").join(before, on="product_id", how="left")
        parts.append(joined.with_columns(pl.col("now", "then").fill_null(0)))
    known = pl.concat(parts)
    few = pl.col("then") < FEW if "before" not in rows.columns else pl.col("before") == pl.col("then")
    right = (pl.col("customers") == pl.col("now")) & few
    return _judged(known, right, pl.format("{} customers, {} before", "now", "then"))


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
        return _judged(known, right, pl.format("{} times, {} days", pl.col("index").round(2), "lasted"))

    return check


def _shared_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """Somebody bought it again."""
    known = rows.join(evidence.facts.buyers, on="product_id", how="left")
    return _judged(known, pl.col("again") > 0, pl.format("{} of {} bought it again", "again", "customers"))


def _no_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.join(evidence.facts.buyers, on="product_id", how="left")
    return _judged(known, pl.col("again") < FEW, pl.format("{} customers bought it again", "again"))


FEW = 3
CHECKS: dict[Sentence, Check] = {
    sentences.OWN_RHYTHM: _own_rhythm,
    sentences.SHARED_BY_PRODUCT: _shared_rhythm,
    sentences.SHARED_BY_CATEGORY: _no_rhythm,
    sentences.SHARED_BY_ALL: _no_rhythm,
    sentences.NO_RHYTHM: _no_rhythm,
    sentences.BOUGHT_ONCE: _bought(1),
    sentences.BOUGHT_TWICE: _bought(2),
    sentences.BOUGHT_OFTEN: _bought(None),
    sentences.TOGETHER_WITH: _together_with,
    sentences.CATEGORY_OF: _category_of,
    sentences.SIMILAR_TO: _similar_to,
    **{sentence: _signal(kind) for kind, sentence in sentences.SIGNALS.items()},
    sentences.FAVOURITE_CATEGORY: _taste("category", "favorite_categories"),
    sentences.PREFERRED_BRAND: _taste("brand", "brand_preferences"),
    sentences.POPULAR: _popular,
    sentences.TRENDING: _trending,
    sentences.NEW_TREND: _trending,
    sentences.SEASONAL: _seasonal(of_category=False),
    sentences.SEASONAL_CATEGORY: _seasonal(of_category=True),
    sentences.TOGETHER: _together,
    sentences.SAME_CATEGORY: _same("category"),
    sentences.SAME_BRAND: _same("brand"),
    sentences.SIMILAR_PRICE: _similar_price,
    sentences.SIMILAR_TEXT: _similar_text,
    sentences.SIMILAR: _plain_neighbour,
}
