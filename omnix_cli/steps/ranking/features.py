"""The features of a product in question, and the formula that ranks where no model is fitted.

Counts and days enter as logarithms, each with a small constant, so that a model adds up what multiplies.
"""

from __future__ import annotations

import numpy as np

from omnix_cli.steps.ranking.baskets import Bools, Floats
from omnix_cli.steps.ranking.product_facts import Facts
from omnix_cli.steps.ranking.questions import Chunk, Rows

_OWN_GAPS, _PRODUCT_GAPS, _PRODUCT_DAYS = 3.0, 5.0, 200.0
"""What a shrunk mean starts with: gaps of the product, gaps of the shop, and days at the shop's rate."""
_LEAST_NEIGHBOUR, _LEAST_FORMULA = 1e-3, 1e-4
SHARED = (
    "buyers_7d",
    "buyers_28d",
    "product_trend",
    "product_intensity",
    "product_gap",
    "product_repeats",
    "product_rate",
    "visits_28d",
    "basket_size",
    "since_visit",
    "repetition",
    "baskets",
    "neighbours",
    "neighbours_of_last",
    "nearest_customers",
    "category",
    "kept_share",
)
"""What is known of every product in question."""
OWN = (
    "base_rate",
    "recent",
    "share_of_baskets",
    "since_first",
    "own_gap",
    "since_last",
    "lateness",
    "baskets_since",
    "visits_since",
    "formula",
)
"""What is known of a product bought before."""
NAMES = (*SHARED, *OWN)


def features(chunk: Chunk, rows: Rows) -> Floats:
    """One column for each of `NAMES`; those of `OWN` mean nothing where the product is new."""
    facts = chunk.questions.shop.facts.on(rows.product, chunk.questions.asked[rows.customer])
    moment = chunk.questions.moment
    gap = (facts.log_gaps + _PRODUCT_GAPS * moment.log_gap) / (facts.repeats + _PRODUCT_GAPS)
    rate = (facts.repeats + _PRODUCT_DAYS * moment.rate) / (facts.exposed_days + _PRODUCT_DAYS)
    columns = {**_shared(chunk, rows, facts), "product_gap": gap, "product_rate": np.log(rate)}
    columns.update(_own(chunk, rows, facts, gap, rate))
    return np.column_stack([columns[name] for name in NAMES])


def formula(matrix: Floats, known: Bools) -> Floats:
    """The score without a model, from the features. Of a product bought before: the share of the customer's baskets
    that had it (halved for every 90 days of age) times the share of its purchases that are repetitions. Of a new one:
    its mean score as a neighbour of what the customer buys, a tenth of it: hardly ever above what is bought again."""
    own, new = (matrix[:, NAMES.index(name)] for name in ("formula", "neighbours"))
    return np.where(known, np.exp(own) - _LEAST_FORMULA, (np.exp(new) - _LEAST_NEIGHBOUR) / 10)


def _shared(chunk: Chunk, rows: Rows, facts: Facts) -> dict[str, Floats]:
    questions = chunk.questions
    asked, baskets, visits, last_visit = (
        values[chunk.customers]
        for values in (questions.asked, questions.baskets, questions.visits, questions.last_visit)
    )
    entries = np.bincount(chunk.own_row, chunk.pairs.times, len(asked))
    different = np.bincount(chunk.own_row, minlength=len(asked))
    companions, row = chunk.values(rows), rows.row
    return {
        "buyers_7d": np.log(facts.in_7_days + 0.5),
        "buyers_28d": np.log(facts.in_28_days + 0.5),
        "product_trend": np.log((facts.in_28_days + 0.5) / (facts.times + 5)),
        "product_intensity": np.log((facts.intensity + 0.5) / (facts.buyers + 2)),
        "product_repeats": np.log((facts.repeats + 1) / (facts.times + 4)),
        "visits_28d": np.log(visits + 0.5)[row],
        "basket_size": np.log(entries / np.maximum(baskets, 1) + 0.1)[row],
        "since_visit": np.log1p(np.maximum(asked - last_visit, 0))[row],
        "repetition": np.log(entries / np.maximum(different, 1) + 0.1)[row],
        "baskets": np.log1p(baskets)[row],
        "neighbours": np.log(companions["neighbours"] + _LEAST_NEIGHBOUR),
        "neighbours_of_last": np.log(companions["neighbours_of_last"] + 1e-3),
        "nearest_customers": np.log(companions["nearest_customers"] + 3e-4),
        "kept_share": np.log(questions.moment.kept_share)[rows.product],
        "category": np.log(chunk.category_share(rows) + 1e-3),
    }


def _own(chunk: Chunk, rows: Rows, facts: Facts, gap: Floats, rate: Floats) -> dict[str, Floats]:
    pairs, asked = chunk.pairs, chunk.questions.asked[rows.customer]
    pair, known = chunk.pair_of(rows), rows.known
    times = np.where(known, pairs.times[pair], 1.0)
    since_first, since_last = (np.where(known, asked - days[pair], 1) for days in (pairs.first_day, pairs.last_day))
    own_gap = (np.where(known, pairs.log_gaps[pair], 0.0) + _OWN_GAPS * gap) / (times - 1 + _OWN_GAPS)
    visits_since = np.maximum(chunk.questions.last_visit[rows.customer] - pairs.last_day[pair], 0)
    return {
        "base_rate": np.log((times + 1) / (since_first + 2 / rate)),
        "recent": np.log(pairs.recent[pair] + 0.01),
        "share_of_baskets": np.log((times + 0.3) / (chunk.questions.baskets[rows.customer] + 1)),
        "since_first": np.log1p(since_first),
        "own_gap": own_gap,
        "since_last": np.log1p(since_last),
        "lateness": np.log1p(since_last) - own_gap,
        "baskets_since": np.log1p(np.maximum(pairs.baskets_since[pair], 0)),
        "visits_since": np.log1p(np.where(known, visits_since, 0)),
        "formula": np.log(_basket_score(chunk, rows, facts) + _LEAST_FORMULA),
    }


def _basket_score(chunk: Chunk, rows: Rows, facts: Facts) -> Floats:
    shopping = chunk.questions.shopping[rows.customer]
    share = chunk.pairs.decayed[chunk.pair_of(rows)] / np.maximum(shopping, 1e-9)
    return np.asarray(share * (facts.repeats + 1) / (facts.times + 4))
