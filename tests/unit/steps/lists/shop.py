"""Everything that `recommend` reads, from a few words, and a way to run it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists.recommendation import recommend
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, assortment_of, cycles_of, days_ago, frame, predictions_of, rankings_of

Line = tuple[str, str, str]


@dataclass(frozen=True)
class Shop:
    """Everything that `recommend` reads, and a way to run it."""

    cycles: pl.LazyFrame = field(default_factory=lambda: frame("cycles"))
    returned: pl.LazyFrame = field(default_factory=lambda: frame("returned"))
    predictions: pl.LazyFrame = field(default_factory=lambda: frame("predictions"))
    neighbours: pl.LazyFrame = field(default_factory=lambda: frame("neighbours"))
    popularity: pl.LazyFrame = field(default_factory=lambda: frame("popularity"))
    customers: pl.LazyFrame = field(default_factory=lambda: frame("customers"))
    interactions: pl.LazyFrame = field(default_factory=lambda: frame("interactions"))
    products: pl.LazyFrame = field(default_factory=lambda: frame("products"))
    assortment: pl.LazyFrame | None = None
    """What the products and cycles say, if not given."""
    rankings: pl.LazyFrame | None = None
    """What the formula says, if not given."""

    def output(self, *, privacy: PrivacySettings | None = None, **parameters: Any) -> StepOutput:
        inputs = {name: getattr(self, name) for name in Shop.__dataclass_fields__ if name != "products"}
        settings = RecommendSettings(**parameters)
        if self.rankings is None:
            inputs["rankings"] = rankings_of(self.cycles, self.returned, self.popularity, self.neighbours)
        if self.assortment is None:
            inputs["assortment"] = assortment_of(self.products, self.cycles, settings)
        return recommend(**inputs, as_of=AS_OF, parameters=settings, privacy=privacy or PrivacySettings())

    def list(self, list_id: str, **parameters: Any) -> pl.DataFrame:
        return self.output(**parameters).frames["recommendations"].filter(pl.col("list_id") == list_id)

    def homepage(self, customer: str = "ann", **parameters: Any) -> list[str]:
        return self.list(f"{customer}#homepage", **parameters)["product_id"].to_list()

    def item(self, product: str, *, customer: str = "ann", **parameters: Any) -> dict[str, Any]:
        rows = self.list(f"{customer}#homepage", **parameters)
        return rows.filter(pl.col("product_id") == product).row(0, named=True)


def every(days: int, *, times: int, last: int, product: str, customer: str = "ann") -> list[Line]:
    return [(customer, product, days_ago(last + days * number)) for number in range(times)]


def popular(*names: str, customers: int = 10, **columns: Any) -> list[dict[str, Any]]:
    return [
        {"kind": "popular", "rank": rank, "product_id": name, "score": 1 / rank, "customers": customers, **columns}
        for rank, name in enumerate(names, 1)
    ]


def neighbours(product: str, *names: str, **columns: Any) -> list[dict[str, Any]]:
    plain = {"customers": 20, "support": 20, "conditional": 0.5, "co_purchase": 0.5}
    return [
        {"product_id": product, "neighbour_id": name, "rank": rank, "score": 1 / (rank + 1), **plain, **columns}
        for rank, name in enumerate(names, 1)
    ]


def shop_of(lines: list[Line], **frames: pl.LazyFrame) -> Shop:
    rhythm = cycles_of(purchases(*lines))
    return replace(Shop(cycles=rhythm, predictions=predictions_of(rhythm)), **frames)
