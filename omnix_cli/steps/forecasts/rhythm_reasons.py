"""The reasons of the statistical predictions, in words; the table in `predictors.statistical` says what each means."""

from __future__ import annotations

import polars as pl

from omnix_cli.reasons import sentences
from omnix_cli.reasons.rounding import about_percent

KNOWN_CUSTOMERS = 20
"""From so many customers on, it is known whether a product is bought again; with fewer, its category tells."""
SHARED_FACTS = (
    *("customers_product", "repeaters_product", "typical_gap_days_product"),
    *("customers_category", "repeaters_category", "typical_gap_days_category"),
)


def shared_level(min_customers: int, min_repeat_share: float) -> pl.Expr:
    """Whose rhythm tells when a product without a rhythm of its own is bought again: `product`, `category`, or null.

    A level tells if enough customers bought again, and a large enough share of them. One with many customers that does
    not tell is evidence that there is no rhythm, and the level above is not asked."""
    tells = {
        level: (pl.col(f"repeaters_{level}") >= min_customers)
        & (pl.col(f"repeaters_{level}") >= min_repeat_share * pl.col(f"customers_{level}"))
        for level in ("product", "category")
    }
    is_known = pl.col("customers_product") >= KNOWN_CUSTOMERS
    return (
        pl.when(tells["product"])
        .then(pl.lit("product"))
        .when(~is_known.fill_null(False) & tells["category"])
        .then(pl.lit("category"))
    )


def shared_interval() -> pl.Expr:
    """The typical gap of the `shared_level`, null where there is none."""
    return (
        pl.when(pl.col("shared_level") == "product")
        .then("typical_gap_days_product")
        .when(pl.col("shared_level") == "category")
        .then("typical_gap_days_category")
    )


def most_likely() -> pl.Expr:
    """The most that a second purchase can be expected of those who bought a product once that few buy again: twice the
    share of its customers who did, (M + 1) / (K + 2) of M and K, however often they buy other things."""
    share = (pl.col("repeaters_product") + 1) / (pl.col("customers_product") + 2)
    is_few = (pl.col("customers_product") >= KNOWN_CUSTOMERS) & pl.col("shared_level").is_null()
    return pl.when(is_few & (pl.col("purchase_days") == 1)).then((2 * share).clip(0.0, 1.0)).otherwise(1.0)


def own_reasons(pairs: pl.DataFrame) -> pl.Series:
    """The reasons of pairs with a rhythm of their own. Reads the evidence and `interval_days`."""
    every, on, gaps = _whole("interval_days"), pl.col("last_day"), pl.col("own_gaps")
    lower, upper = _whole("lower_gap_days"), _whole("upper_gap_days")
    facts = {"every": every, "on": on, "gaps": gaps, "times": gaps + 1, "lower": lower, "upper": upper}
    reason = (
        pl.when(every.is_between(lower, upper))
        .then(sentences.OWN_RHYTHM.say(**facts))
        .when(lower < upper)
        .then(sentences.UNEVEN_RHYTHM.say(**facts))
        .otherwise(sentences.UNEVEN_RHYTHM_OF_ONE.say(**facts))
    )
    return pairs.select(reason).to_series()


def shared_reasons(pairs: pl.DataFrame, min_customers: int) -> pl.Series:
    """The reasons of the others. Reads `SHARED_FACTS`, `shared_level`, `interval_days`, and what was bought when.

    Each text is made once and then looked up: many pairs share it."""
    facts = [*SHARED_FACTS, "shared_level", "interval_days"]
    parts = {"of_all": (facts, _shared(min_customers)), "own": (["purchase_days", "last_day"], _history())}
    for name, (read, text) in parts.items():
        texts = pairs.select(read).unique().with_columns(text.alias(name))
        pairs = pairs.join(texts, on=read, how="left", nulls_equal=True, maintain_order="left")
    return pairs.select(pl.concat_str("of_all", "own", separator=sentences.NEEDED_AGAIN.separator)).to_series()


def _shared(min_customers: int) -> pl.Expr:
    """What is known of all customers."""
    told = pl.lit(sentences.UNKNOWN_RHYTHM.wording)
    for level, few, counted in (
        ("category", sentences.FEW_OF_KIND, sentences.FEW_OF_KIND_COUNTED),
        ("product", sentences.FEW, sentences.FEW_COUNTED),
    ):
        again, customers = pl.col(f"repeaters_{level}"), pl.col(f"customers_{level}")
        is_known = (customers >= KNOWN_CUSTOMERS) & pl.col("shared_level").is_null()
        told = (
            pl.when(is_known & (again >= min_customers))
            .then(counted.say(share=about_percent(again, customers)))
            .when(is_known)
            .then(pl.lit(few.wording))
            .otherwise(told)
        )
    expected = _whole("interval_days")
    for level, usual, by_quantity in (
        ("category", sentences.AGAIN_OF_KIND, sentences.AGAIN_OF_KIND_QUANTITY),
        ("product", sentences.AGAIN, sentences.AGAIN_QUANTITY),
    ):
        every = _whole(f"typical_gap_days_{level}")
        share = about_percent(pl.col(f"repeaters_{level}"), pl.col(f"customers_{level}"))
        facts = {"every": every, "share": share}
        said = (
            pl.when(every == expected).then(usual.say(**facts)).otherwise(by_quantity.say(expected=expected, **facts))
        )
        told = pl.when(pl.col("shared_level") == level).then(said).otherwise(told)
    return told


def _history() -> pl.Expr:
    times, on = pl.col("purchase_days"), pl.col("last_day")
    return (
        pl.when(times == 1)
        .then(sentences.BOUGHT_ONCE.say(on=on))
        .when(times == 2)
        .then(sentences.BOUGHT_TWICE.say(on=on))
        .otherwise(sentences.BOUGHT_ON_DAYS.say(times=times, on=on))
    )


def _whole(days: str | pl.Expr) -> pl.Expr:
    expression = pl.col(days) if isinstance(days, str) else days
    return expression.round().cast(pl.Int64).clip(1)
