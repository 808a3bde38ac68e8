"""Ranked lists: two shelves blended in fixed shares, fallbacks until a list is full, and the form that is stored.

An offer is a row of customer_id, product_id, shelf, score, confidence, reason, tags, predicted_date,
next_expected_date and urgency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from omnix_cli import schemas

OFFER = {
    "customer_id": pl.String(),
    "product_id": pl.String(),
    "shelf": pl.String(),
    "score": pl.Float64(),
    "confidence": pl.Float64(),
    "reason": pl.String(),
    "tags": pl.List(pl.String()),
    "predicted_date": pl.Date(),
    "next_expected_date": pl.Date(),
    "urgency": pl.String(),
}
Stage = Callable[[pl.DataFrame], pl.DataFrame]
PAIR = ["customer_id", "product_id"]


def as_offers(rows: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """The rows with these columns, as offers; a column of `OFFER` that is still missing is null."""
    rows = rows.with_columns(**columns)
    missing = (pl.lit(None, dtype).alias(name) for name, dtype in OFFER.items() if name not in rows.columns)
    return rows.with_columns(missing).select(OFFER.keys())


def best_of_each(rows: pl.DataFrame, most: int, *, by: str = "score") -> pl.DataFrame:
    """The `most` rows of each customer with the highest `by`, best first; ties by product id."""
    return rows.sort("customer_id", -pl.col(by), "product_id").group_by("customer_id", maintain_order=True).head(most)


def blend(offers: pl.DataFrame, *, count: int, due_share: float) -> pl.DataFrame:
    """Of the offers of the shelves due_again and new_for_you, `count` per customer, in the order of the list.

    due_again has round(count * due_share) places, new_for_you the rest. What is due keeps its place only if its
    confidence is not below that of any new offer that would get the place. If one shelf has too few offers, the other
    fills its places: those items come last and have the tag `fills_up`. The shelves alternate in proportion to their
    places: the i-th of p places has its turn at (i - 1/2) / p.
    """
    due_places = int(count * due_share + 0.5)
    is_due = pl.col("shelf") == "due_again"
    places = pl.when(is_due).then(due_places).otherwise(count - due_places)
    place = pl.int_range(1, pl.len() + 1).over("customer_id", "shelf")
    next_new = pl.col("confidence").filter(~is_due & (pl.col("place") > count - due_places)).max().over("customer_id")
    others = pl.len().over("customer_id") - pl.len().over("customer_id", "shelf")
    room = pl.max_horizontal(places, count - others.cast(pl.Int64))
    fills_up = pl.col("place") > pl.col("places")
    return (
        offers.sort("customer_id", "shelf", -pl.col("score"), "product_id")
        .with_columns(place=place)
        .filter(pl.col("place") <= count)
        .filter(~is_due | (pl.col("confidence") >= next_new).fill_null(True))
        .with_columns(place=place)
        .with_columns(places=places, room=room)
        .filter(pl.col("place") <= pl.col("room"))
        .with_columns(
            tags=pl.when(fills_up).then(pl.concat_list("tags", pl.lit("fills_up"))).otherwise("tags"),
            turn=pl.when(fills_up)
            .then(2 * count * count + pl.col("place"))
            .otherwise((2 * pl.col("place") - 1) * (count - pl.col("places"))),
        )
        .sort("customer_id", "turn", "shelf", "place")
        .select(list(OFFER))
    )


def fill_up(
    lists: pl.DataFrame,
    people: pl.DataFrame,
    stages: Iterable[Stage],
    *,
    count: int,
    rules: Callable[[pl.DataFrame], pl.DataFrame],
    crowded: Callable[[pl.DataFrame], pl.Series],
    known: pl.DataFrame,
    spare: pl.DataFrame,
) -> pl.DataFrame:
    """Fills the lists that are shorter than `count`, stage by stage, until all are full.

    A stage gets the people whose lists are short and returns offers, best first; those that the `rules` let pass and
    that the list does not hold yet are appended. Only when nothing else is left come the `spare` offers, those that
    are one too many of their kind (`crowded`, asked of lists with the new ones at their end), and at last what the
    customer bought before (`known`)."""
    for stage in stages:
        short = _short(lists, people, count)
        if short.is_empty():
            return lists
        offers = stage(short)
        fresh = rules(offers.join(lists, on=PAIR, how="anti", maintain_order="left"))
        fresh = fresh.unique(PAIR, keep="first", maintain_order=True)
        new = fresh.join(known, on=PAIR, how="anti", maintain_order="left")
        too_many = crowded(pl.concat([lists, new.select(list(OFFER))])).tail(new.height)
        owned = fresh.join(known, on=PAIR, how="semi", maintain_order="left")
        spare = pl.concat([spare, *(some.select(list(OFFER)) for some in (new.filter(too_many), owned))])
        lists = _appended(lists, new.filter(~too_many), short)
    last = (
        spare.unique(PAIR, keep="first", maintain_order=True)
        .join(lists, on=PAIR, how="anti", maintain_order="left")
        .join(known.select(*PAIR, owned=pl.lit(True)), on=PAIR, how="left", maintain_order="left")
        .sort(pl.col("owned").fill_null(False), maintain_order=True)
    )
    return _appended(lists, last, _short(lists, people, count))


def _short(lists: pl.DataFrame, people: pl.DataFrame, count: int) -> pl.DataFrame:
    """The people with fewer than `count` items, and how many are `missing`."""
    missing = lists.group_by("customer_id").agg(missing=count - pl.len().cast(pl.Int64))
    short = people.join(missing, on="customer_id", how="left", maintain_order="left")
    return short.with_columns(pl.col("missing").fill_null(count)).filter(pl.col("missing") > 0)


def _appended(lists: pl.DataFrame, offers: pl.DataFrame, short: pl.DataFrame) -> pl.DataFrame:
    added = offers.join(
        short.select("customer_id", "missing"), on="customer_id", how="inner", maintain_order="left"
    ).filter(pl.int_range(pl.len()).over("customer_id") < pl.col("missing"))
    return pl.concat([lists, added.select(list(OFFER))])


def listed(offers: pl.DataFrame, *, kind: str, list_id: pl.Expr) -> pl.DataFrame:
    """The offers with the list each belongs to and the rank in it: the order they come in."""
    return offers.with_columns(list_id=list_id, kind=pl.lit(kind)).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("list_id")
    )


def stored(lists: pl.DataFrame, catalogue: pl.DataFrame, *, frame: str) -> pl.DataFrame:
    """The lists as the frame `recommendations` or `shop_lists`; a product without a name goes by its id. What these
    lists do not say is null."""
    spec = schemas.FRAMES[frame]
    names = catalogue.select("product_id", product_name="name")
    named = lists.join(names, on="product_id", how="left").with_columns(
        product_name=pl.coalesce("product_name", "product_id")
    )
    columns = spec.schema.column_names()
    absent = (pl.lit(None).alias(name) for name in columns if name not in named.columns)
    return spec.conform(named.with_columns(absent).sort(spec.sort))
