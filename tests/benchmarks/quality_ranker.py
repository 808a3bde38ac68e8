"""How much of each household's next basket the ranker foresees: of everything, of what was bought before, of the rest.

Complete Journey, as in `quality_recommendations`: the truth is each household's last day. `--as-of each` asks every
household the day before it, and uses nothing of that day or later, of no household; `once` asks all on the day after
the last, on true dates; `order` knows only the order of each household's days. `--validation` asks for the day before
the last instead: what is chosen is chosen there. `--every N` takes every N-th household, `--categories` a small
assortment: the 217 most bought categories in place of products.
"""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta
from typing import Any

import polars as pl

from omnix_cli.steps.ranking.rankings import rank
from tests.benchmarks.quality_recommendations import days, quality
from tests.complete_journey import products

_PAIR = ["customer_id", "product_id"]


def main() -> None:
    """Prints Recall@10 and NDCG@10 of each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", choices=("each", "once", "order"), default="each")
    parser.add_argument("--validation", action="store_true", help="Ask for the day before the last.")
    parser.add_argument("--every", type=int, default=1, help="Only every N-th household.")
    parser.add_argument("--categories", action="store_true", help="Categories in place of products.")
    parser.add_argument("--methods", default="formula,logistic,boosting,auto")
    options = parser.parse_args()
    rows = days().filter(pl.col("customer_id").cast(pl.Int64) % options.every == 0)
    kinds = products().select(pl.col("product_id").cast(pl.String), category="product_category").collect()
    if options.categories:
        rows = in_categories(rows, kinds)
    asked = question(rows, options.as_of, held_out=int(options.validation))
    for method in options.methods.split(","):
        begun = time.perf_counter()
        found = rank(**asked["given"], products=kinds, method=method, threads=2)
        seconds = time.perf_counter() - begun
        parts = {
            "all": (found, asked["truth"]),
            "usual": (found.filter("known"), asked["truth"]),
            "new": (found.filter(~pl.col("known")), asked["new"]),
        }
        figures = (f"{name} {recall:.4f} / {ndcg:.4f}" for name, (recall, ndcg) in _qualities(parts))
        print(f"{method:10} Recall@10 / NDCG@10: {'   '.join(figures)}   {seconds:.0f} s", flush=True)


def question(rows: pl.DataFrame, as_of: str, *, held_out: int) -> dict[str, Any]:
    """What `rank` is given, the truth, and what of it was new to the household."""
    back = pl.col("trips") - 1 - pl.col("trip")
    known = rows.filter(back > held_out)
    truth = rows.filter(back == held_out)
    day = "trip" if as_of == "order" else "purchase_day"
    asked = truth.select("customer_id", day=day).unique()
    if as_of == "once":
        last: date = rows.filter(back >= held_out)["purchase_day"].max()  # type: ignore[assignment]
        asked = asked.with_columns(day=pl.lit(last + timedelta(days=1)))
    # Asked the day before each, what others bought until then is known: also their own true baskets.
    baskets = rows.filter(back >= held_out) if as_of == "each" else known
    given = {"baskets": baskets.select(*_PAIR, day=day), "questions": asked, "dated": as_of != "order"}
    return {"given": given, "truth": truth, "new": truth.join(known.select(_PAIR).unique(), on=_PAIR, how="anti")}


def in_categories(rows: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The days with the 217 most bought categories in place of products."""
    named = rows.join(kinds, on="product_id").drop_nulls().with_columns(product_id="category").drop("category").unique()
    most = named["product_id"].value_counts(sort=True).head(217)["product_id"]
    kept = named.filter(pl.col("product_id").is_in(most.implode()))
    trip = pl.col("trip").rank("dense").over("customer_id").cast(pl.Int64) - 1
    kept = kept.with_columns(trip=trip)
    return kept.with_columns(trips=pl.col("trip").max().over("customer_id") + 1)


def _qualities(parts: dict[str, tuple[pl.DataFrame, pl.DataFrame]]) -> list[tuple[str, tuple[float, float]]]:
    return [(name, quality(ranked, truth)) for name, (ranked, truth) in parts.items()]


if __name__ == "__main__":
    main()
