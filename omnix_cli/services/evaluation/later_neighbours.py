"""`omnix evaluate similarity`: whether neighbours are bought together later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import nan

import numpy as np
import polars as pl

from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.schemas import RELATIONS
from omnix_cli.services.as_of import parse_day
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.settings import Settings
from omnix_cli.steps.evaluation.bootstrap import of_intervals, of_means
from omnix_cli.steps.evaluation.pair_baselines import Bought, most_bought, nearest, raw_counts, shrunk_cosine
from omnix_cli.steps.evaluation.similarity import MIN_BASKETS, MIN_CUSTOMERS, judge, known_products, later_partners
from omnix_cli.steps.evaluation.splits import EPOCH, dated_baskets, hashed_order
from omnix_cli.steps.evaluation.tables import Rows

KNOWN_SHARE = 0.8
RULE = (
    f"gain of a neighbour: the customers (at least {MIN_CUSTOMERS}) who later bought both in one basket, where that is "
    "more often than by chance; worth gain / log2(place + 1), divided by that of the best list; mean over products of "
    f"{MIN_BASKETS} known baskets with any such partner"
)


@dataclass(frozen=True)
class NeighbourQuestions:
    """The day from which purchases are the truth (by default the last fifth of the time), how many products are judged
    (chosen by the hash of their id), and how many neighbours of each."""

    as_of: str | None = None
    products: int = 3000
    places: int = 10


def evaluate_similarity(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    *,
    as_of: date,
    asked: NeighbourQuestions,
    plan: Plan,
    may_go_on: Callable[[], None],
) -> StepOutput:
    """The neighbours as of the cut, beside simple measures, judged by NDCG on what was bought together afterwards."""
    baskets = dated_baskets(purchases, as_of=as_of)
    rows, figures = Rows(), Figures(intervals=of_intervals(of="products"))
    if baskets.is_empty():
        return StepOutput(rows.frames(), {**figures, "missing": "there are no purchases of known customers"})
    first = int(baskets["day"].to_numpy().min())
    end = (as_of - EPOCH).days
    cut = parse_day(asked.as_of) if asked.as_of else EPOCH + timedelta(days=first + int(KNOWN_SHARE * (end - first)))
    day = (cut - EPOCH).days
    figures["cut"] = cut.isoformat()
    lines = baskets.with_columns(basket=pl.struct("customer_id", "day").rank("dense"))
    before, after = lines.filter(pl.col("day") < day), lines.filter(pl.col("day") >= day)
    partners = later_partners(after, known_products(before))
    if partners.is_empty():
        missing = (
            f"no two products of {MIN_BASKETS} baskets before {cut} were bought together since, more than by chance"
        )
        return StepOutput(rows.frames(), {**figures, "missing": missing})
    judged = hashed_order(partners["product_id"].unique().sort()).head(asked.products).sort()
    partners = partners.filter(pl.col("product_id").is_in(judged.implode()))
    lists = _baselines(before, judged, places=asked.places)
    known = list(lists)
    sources = {"purchases": purchases, "products": products, "customers": customers, "interactions": interactions}
    for name, settings in _variants(plan).items():
        may_go_on()
        made = replace(plan, settings=settings).compute(["similarity"], sources, as_of=cut)["neighbours"]
        of_judged = made.filter(pl.col("product_id").is_in(judged.implode()))
        lists[name] = of_judged.filter(pl.col("rank") <= asked.places)
        if settings is plan.settings:
            by_relation = of_judged.sort("product_id", "rank").group_by("product_id", "relation", maintain_order=True)
            for relation in RELATIONS:
                lists[f"omnix, {relation}s"] = by_relation.head(asked.places).filter(relation=relation)
    found = {name: judge(made, partners, places=asked.places) for name, made in lists.items()}
    buyers = after["customer_id"].n_unique()
    rows.add(
        "all",
        f"ndcg@{asked.places}",
        of_means({name: made.by_product["ndcg"].to_numpy() for name, made in found.items()}),
        list(found),
        baselines=known,
        rule=RULE,
        customers=buyers,
        cases=len(judged),
    )
    for name, made in lists.items():
        _same_category(rows, name, made, products, buyers)
    return StepOutput(rows.frames(), {**figures, "judged_products": len(judged)})


def _baselines(before: pl.DataFrame, judged: pl.Series, *, places: int) -> dict[str, pl.DataFrame]:
    ids = before["product_id"].unique().sort()
    coded = before.with_columns(product=pl.col("product_id").cast(pl.Enum(ids)).to_physical().cast(pl.Int64))
    block = judged.cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64)
    by_customer, by_basket = (_bought(coded, group, len(ids)) for group in ("customer_id", "basket"))
    scorers = {
        "popular": most_bought(by_customer),
        "raw counts, customers": raw_counts(by_customer),
        "raw counts, baskets": raw_counts(by_basket),
        "shrunk cosine, customers": shrunk_cosine(by_customer),
        "shrunk cosine, baskets": shrunk_cosine(by_basket),
    }
    return {name: nearest(scorer, ids, block, places=places) for name, scorer in scorers.items()}


def _same_category(rows: Rows, name: str, made: pl.DataFrame, products: pl.LazyFrame, buyers: int) -> None:
    category = products.select("product_id", "category").collect()
    of_neighbour = category.rename({"product_id": "neighbour_id", "category": "other"})
    both = made.join(category, on="product_id").join(of_neighbour, on="neighbour_id").drop_nulls(["category", "other"])
    value = float((both["category"] == both["other"]).cast(pl.Float64).to_numpy().mean()) if both.height else nan
    rule = "share of the neighbours that are of the product's category, where both have one"
    rows.plain("all", "same_category", name, value, rule=rule, customers=buyers, cases=both.height)


def _bought(rows: pl.DataFrame, group: str, products: int) -> Bought:
    number = rows.select(pl.col(group).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    return Bought.of(number, rows["product"].to_numpy(), products)


def _variants(plan: Plan) -> dict[str, Settings]:
    """The settings of a run, and the same without content."""
    only = plan.settings.similarity.model_copy(update={"co_purchase_weight": 1.0})
    return {
        "omnix, as set": plan.settings,
        "omnix, co-purchase only": plan.settings.model_copy(update={"similarity": only}),
    }
