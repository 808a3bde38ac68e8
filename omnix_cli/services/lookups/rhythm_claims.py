"""The claims about rhythms: how often somebody, or everybody, buys a product again."""

from __future__ import annotations

import polars as pl

from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Sentence
from omnix_cli.reasons.rounding import about_percent
from omnix_cli.services.lookups.claim_evidence import PAIR, Check, Evidence, judged

MANY = 20
"""From so many customers on, it is known whether a product is bought again."""


def _own_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The interval is that of the date, and one of the middle half of the own gaps between occasions."""
    known = _with_rhythm(evidence, rows)
    is_usual = pl.col("every").is_between(pl.col("lowest"), pl.col("highest"))
    right = is_usual & (pl.col("claimed_gaps") == pl.col("own_gaps")) & _is_dated(pl.col("every"))
    return judged(known, right, _RHYTHM)


def _uneven_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    known = _with_rhythm(evidence, rows.rename({"times": "claimed_times"}))
    upper = pl.col("upper" if "upper" in rows.columns else "lower")
    quartiles = (pl.col("lower") == _whole(pl.col("lowest"))) & (upper == _whole(pl.col("highest")))
    counts = (pl.col("claimed_gaps") == pl.col("own_gaps")) & (pl.col("claimed_times") == pl.col("own_gaps") + 1)
    return judged(known, quartiles & counts & _is_dated(pl.col("every")), _RHYTHM)


_RHYTHM = pl.format(
    "{} gaps, half of them {} to {} days, last on {}, interval {}",
    *("own_gaps", "lowest", "highest", "last", "interval_days"),
)


def _with_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    between = pl.col("between").list
    rhythms = evidence.facts.rhythms.select(
        *PAIR,
        own_gaps=between.len(),
        lowest=between.eval(pl.element().quantile(0.25, "lower")).list.first(),
        highest=between.eval(pl.element().quantile(0.75, "higher")).list.first(),
    )
    known = _of_pair(evidence, rows.rename({"gaps": "claimed_gaps"}))
    return known.join(rhythms, on=PAIR, how="left").join(evidence.intervals, on=PAIR, how="left")


def _is_dated(every: pl.Expr) -> pl.Expr:
    """The days of the text are those of the interval and of the last purchase."""
    return (every == _whole(pl.col("interval_days"))) & (pl.col("on") == pl.col("last"))


def _rounds_to(days: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Whether the days may be written so: a mean of logs is not exact to the last bit."""
    return (days.clip(1) - whole).abs() <= 0.5 + 1e-6


def _whole(days: pl.Expr) -> pl.Expr:
    return days.round().clip(1)


def _of_pair(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the customer bought of the product: times, last and gaps."""
    return rows.join(evidence.facts.pairs, on=PAIR, how="left", suffix="_bought")


def _again(*, of_category: bool, by_quantity: bool = False) -> Check:
    """So many bought it (or of its category), so many of them again, with that gap on average."""

    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        known = _with_level(evidence, rows, of_category=of_category)
        right = _counts_fit() & _rounds_to(pl.col("usual"), pl.col("every"))
        if by_quantity:
            known = known.join(evidence.intervals, on=PAIR, how="left")
            right &= pl.col("expected") == _whole(pl.col("interval_days"))
        return judged(known, right, pl.format("{} of {}, after {} days", "known_again", "known_customers", "usual"))

    return check


def _few(*, of_category: bool, counted: bool = False) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        known = _with_level(evidence, rows, of_category=of_category)
        right = _counts_fit() if counted else pl.col("known_customers") > pl.col("known_again")
        return judged(known, right, pl.format("{} of {}", "known_again", "known_customers"))

    return check


def _with_level(evidence: Evidence, rows: pl.DataFrame, *, of_category: bool) -> pl.DataFrame:
    level = evidence.facts.bought_again(of_category=of_category)
    return rows.join(
        level.rename({"again": "known_again", "customers": "known_customers"}), on="product_id", how="left"
    )


def _counts_fit() -> pl.Expr:
    return pl.col("share") == about_percent(pl.col("known_again"), pl.col("known_customers"))


def _unknown_rhythm(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
    known = _with_level(evidence, rows, of_category=False)
    return judged(known, pl.col("known_customers") < MANY, pl.format("{} customers", "known_customers"))


def _bought(times: int | None) -> Check:
    def check(evidence: Evidence, rows: pl.DataFrame) -> pl.DataFrame:
        claimed = pl.col("times") if times is None else pl.lit(times)
        known = _of_pair(evidence, rows.rename({"times": "claimed"}) if times is None else rows)
        claimed = pl.col("claimed") if times is None else pl.lit(times)
        right = (pl.col("times") == claimed) & (pl.col("on") == pl.col("last"))
        return judged(known, right, pl.format("bought {} times, last on {}", "times", "last"))

    return check


CHECKS: dict[Sentence, Check] = {
    sentences.OWN_RHYTHM: _own_rhythm,
    sentences.UNEVEN_RHYTHM: _uneven_rhythm,
    sentences.UNEVEN_RHYTHM_OF_ONE: _uneven_rhythm,
    sentences.AGAIN: _again(of_category=False),
    sentences.AGAIN_QUANTITY: _again(of_category=False, by_quantity=True),
    sentences.AGAIN_OF_KIND: _again(of_category=True),
    sentences.AGAIN_OF_KIND_QUANTITY: _again(of_category=True, by_quantity=True),
    sentences.FEW: _few(of_category=False),
    sentences.FEW_COUNTED: _few(of_category=False, counted=True),
    sentences.FEW_OF_KIND: _few(of_category=True),
    sentences.FEW_OF_KIND_COUNTED: _few(of_category=True, counted=True),
    sentences.UNKNOWN_RHYTHM: _unknown_rhythm,
    sentences.BOUGHT_ON_DAYS: _bought(None),
    sentences.BOUGHT_ONCE: _bought(1),
    sentences.BOUGHT_TWICE: _bought(2),
}
"""How the claims of each sentence are checked."""
