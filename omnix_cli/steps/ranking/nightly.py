"""The ranker's two steps of a run: fitting it, and ranking with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.batching import batched
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import Resources, StepOutput
from omnix_cli.settings import RankingSettings
from omnix_cli.steps.history import of_customers, seen
from omnix_cli.steps.ranking.baskets import Baskets, Floats, Ints
from omnix_cli.steps.ranking.fit_inputs import fitted_products
from omnix_cli.steps.ranking.formula_ranking import first_chances, formula_ranking
from omnix_cli.steps.ranking.learners import BASE
from omnix_cli.steps.ranking.moments import Moment, Shop
from omnix_cli.steps.ranking.new_chances import NewChances
from omnix_cli.steps.ranking.questions import Chunk, Questions
from omnix_cli.steps.ranking.ranker import FEATURES, Model, Ranker
from omnix_cli.steps.ranking.rankings import NEW_PRODUCTS, named, ordered, shop_of
from omnix_cli.steps.ranking.training import fit

EXPLAINED_RANKS = 30
"""Contributions are kept for so many ranks of known and of new products."""
STRONGEST = 6
_CHUNKS_AT_ONCE = 4
_PAIR = ["customer_id", "product_id"]
_CONTRIBUTIONS = pl.List(pl.Struct({"feature": pl.String, "value": pl.Float64}))


def fit_ranker(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    parameters: RankingSettings,
    resources: Resources,
) -> StepOutput:
    """The frame `ranker`, fitted to the baskets before `as_of`. Figures: the kind of each part, how many label baskets
    there were, and the mean NDCG@10 of each kind on them."""
    shop = _shop(purchases, products, as_of=as_of, threads=resources.threads)
    ranker = Ranker({}, {part: {"label_baskets": 0.0} for part in FEATURES})
    chances = None
    if shop:
        before = np.full(shop.baskets.customers, _number(as_of))
        ranker = fit(shop, before, method=parameters.method, min_label_baskets=parameters.min_label_baskets)
        chances = NewChances.learned(shop, ranker, _number(as_of))
    spec = schemas.FRAMES["ranker"]
    figures: Figures = {part: ranker.kind(part) for part in FEATURES}
    figures |= {f"{part}_{name}": value for part, found in ranker.figures.items() for name, value in found.items()}
    frame = spec.conform(ranker.frame(*([chances.frame()] if chances else []))).sort(spec.sort)
    return StepOutput({"ranker": frame}, figures)


def ranking(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    cycles: pl.LazyFrame,
    returned: pl.LazyFrame,
    popularity: pl.LazyFrame,
    neighbours: pl.LazyFrame,
    ranker: pl.LazyFrame,
    *,
    as_of: date,
    resources: Resources,
) -> Iterator[StepOutput]:
    """The frame `rankings` for everybody with a purchase before `as_of`, except anonymous orders, some customers at a
    time. Without a model, the chance of a new product is one of `first_chances`.

    What a customer bought and returned in full is neither known nor new. Figures: customers, known and new rows, and
    which kind ranked each part."""
    numbers = ranker.collect()
    fitted, chances = Ranker.of(numbers), NewChances.of_frame(numbers)
    spec = schemas.FRAMES["rankings"]
    kinds: Figures = {part: fitted.kind(part) for part in FEATURES}
    back = returned.select(_PAIR).collect()
    shop = None
    if fitted.models:
        shop = _shop(purchases, products, barred=back, as_of=as_of, threads=resources.threads)
    if shop is None:
        rows = formula_ranking(cycles, returned, popularity, neighbours, as_of=as_of, most_new=NEW_PRODUCTS)
        frames = iter([ordered(rows, NEW_PRODUCTS).with_columns(contributions=pl.lit([], _CONTRIBUTIONS))])
    else:
        asked = np.full(shop.baskets.customers, _number(as_of))
        questions = Questions(shop, Moment(shop, asked), asked, np.arange(shop.baskets.customers))
        frames = (_ranked(chunk, fitted, chances) for chunk in questions.chunks())
    visits = cycles.select("customer_id", "customer_recent_shopping_days").unique()
    visits = visits.collect(engine="streaming").lazy() if chances is None else visits
    for some in batched(frames, _CHUNKS_AT_ONCE):
        frame = pl.concat(some)
        if chances is None:
            new = frame.filter(~pl.col("known"))
            frame = frame.join(first_chances(new, visits, popularity), on=_PAIR, how="left")
        frame = spec.conform(frame).sort(spec.sort)
        known = int(frame["known"].sum())
        counts = {"customers": frame["customer_id"].n_unique(), "known_rows": known, "new_rows": frame.height - known}
        yield StepOutput({"rankings": frame}, {**kinds, **counts})


def _shop(
    purchases: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, threads: int, barred: pl.DataFrame | None = None
) -> Shop | None:
    """The shop before a day; None without a purchase."""
    lines = seen(of_customers(purchases), as_of=as_of)
    baskets = Baskets.of(lines.select(*_PAIR, day="purchase_day"))
    if not baskets.customers:
        return None
    return shop_of(baskets, fitted_products(products, as_of).collect(), barred=barred, threads=threads)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _ranked(chunk: Chunk, ranker: Ranker, chances: NewChances | None) -> pl.DataFrame:
    """The rows of a chunk as the frame `rankings`."""
    rows = chunk.rows()
    score, matrices = ranker.scores(chunk, rows)
    everything = named(chunk.questions.shop, rows, score).with_columns(row=np.arange(len(score)))
    if chances:
        chance, is_new = np.full(len(score), np.nan), ~rows.known
        margin = ranker.models["new"].linear.margin(matrices["new"])
        chance[is_new] = chances.of(margin, chunk.questions.visits[rows.customer[is_new]])
        everything = everything.with_columns(chance=pl.Series(chance).fill_nan(None))
    best = ordered(everything, NEW_PRODUCTS)
    reasons = [pl.DataFrame(schema={"row": pl.Int64, "contributions": _CONTRIBUTIONS})]
    explained = best.filter(pl.col("rank") <= EXPLAINED_RANKS).sort("row")
    for part, matrix in matrices.items():
        of_part = rows.known == (part == "known")
        place = np.cumsum(of_part) - 1  # of each row in the matrix of its part
        mine = explained.filter(pl.col("known") == (part == "known"))["row"].to_numpy()
        reasons.append(contributions(ranker.models[part], matrix[place[mine]], mine))
    return best.join(pl.concat(reasons), on="row", how="left").with_columns(
        pl.col("contributions").fill_null(pl.lit([], _CONTRIBUTIONS))
    )


def contributions(model: Model, matrix: Floats, row: Ints) -> pl.DataFrame:
    """The six strongest features of each row, what the `rest` and the `base` add: columns `row`, `contributions`."""
    shares = model.shares(matrix)
    base, shares = shares[:, -1], shares[:, :-1]
    strongest = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :STRONGEST]
    values = np.take_along_axis(shares, strongest, axis=1)
    rest = shares.sum(axis=1) - values.sum(axis=1)
    names = np.array([*model.names, "rest", BASE])
    last = np.broadcast_to(np.arange(len(model.names), len(names)), (len(row), 2))
    features = names[np.hstack([strongest, last])]
    numbers_of_all = np.column_stack([values, rest, base])
    flat = pl.DataFrame(
        {"row": np.repeat(row, features.shape[1]), "feature": features.ravel(), "value": numbers_of_all.ravel()}
    )
    return flat.group_by("row", maintain_order=True).agg(contributions=pl.struct("feature", "value"))
