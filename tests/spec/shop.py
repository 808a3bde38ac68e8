"""A shop described by tables, and what omnix makes of it on an engine. The day of the run is 2024-06-01."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl

from omnix_cli.mappings import parse_mapping
from omnix_cli.plan import plan
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import Engine, PlanStep, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import NO_RULES, PredictionSettings, PrivacySettings, RecommendSettings
from omnix_cli.steps.history import seen
from omnix_cli.steps.imports import instants
from omnix_cli.steps.imports.binding import Reading, bind
from omnix_cli.steps.imports.cleaning import clean
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER
from tests.conftest import MemoryFrame, purchases
from tests.spec.ascii_tables import Row, names, rows, written
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions, rankings_of

PLAN = {step.name: step for step in plan(StatisticalPredictor(PredictionSettings()))}


@dataclass
class _Written:
    """Receives what an engine writes."""

    parts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)

    def append(self, name: str, part: pl.DataFrame) -> None:
        self.parts.setdefault(name, []).append(part)

    def adopt(self, name: str, part: Any) -> None:
        raise NotImplementedError

    def add_figures(self, figures: Figures) -> None:
        self.figures |= figures


def run(
    engine: Engine,
    step: PlanStep,
    inputs: Mapping[str, pl.LazyFrame],
    output: str,
    **arguments: Any,
) -> pl.DataFrame:
    """One frame that a step writes on this engine."""
    writer = _Written()
    stored = {name: MemoryFrame(name, rows.collect(), name) for name, rows in inputs.items()}
    engine.run(step, stored, arguments, writer)
    return pl.concat(writer.parts[output])


def expect(actual: pl.DataFrame, table: str) -> None:
    """The rows, in their order, as far as the columns of the table go."""
    columns = names(table)
    assert written(actual.iter_rows(named=True), columns) == rows(table)


# The history


def history(engine: Engine, table: str) -> pl.DataFrame:
    """What counts of the lines: columns customer, product, day, quantity, total, kind (left out: a plain purchase)."""
    lines = [_line(number, row) for number, row in enumerate(rows(table))]
    columns = FRAMES["purchases"].schema.column_names()
    spec = FRAMES["purchases"]
    stored = spec.conform(
        pl.DataFrame([dict.fromkeys(columns) | line for line in lines], infer_schema_length=None).sort("customer_id")
    )

    def kept_lines(purchases: pl.LazyFrame, *, as_of: date) -> StepOutput:
        kept = seen(purchases, as_of=as_of).sort("customer_id", "product_id", "purchased_at", "purchase_id")
        return StepOutput({"purchases": kept.collect()})

    frame_names = ("purchases",)
    step = PlanStep(
        "history", kept_lines, inputs=frame_names, outputs=frame_names, version="1", by_customer=frame_names
    )
    kept = run(engine, step, {"purchases": stored.lazy()}, "purchases", as_of=AS_OF)
    return kept.rename(
        {"customer_id": "customer", "product_id": "product", "purchase_day": "day", "total_price": "total"}
    )


def _line(number: int, row: Row) -> dict[str, Any]:
    day = date.fromisoformat(str(row["day"]))
    return {
        "purchase_id": f"line-{number:03}",
        "customer_id": row["customer"],
        "product_id": row["product"],
        "purchase_day": day,
        "purchased_at": datetime.combine(day, time.fromisoformat(row.get("time") or "12:00"), UTC),
        "quantity": float(row.get("quantity") or 1),
        "total_price": row.get("total"),
        "promotion_used": False,
        "kind": row.get("kind") or "purchase",
    }


# Imported lines


def imported(table: str, **mapping: Any) -> pl.DataFrame:
    """The purchases that an import makes of the lines of a file whose columns have omnix's names.

    Columns that the table leaves out have plain values."""
    plain = {"customer_id": "ann", "product_id": "milk", "purchased_at": "2024-05-01 10:00:00"}
    lines = [plain | row for row in rows(table)]
    raw = pl.DataFrame(lines, infer_schema_length=None).with_columns(
        pl.int_range(2, pl.len() + 2, dtype=pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM)
    )
    bound = bind(parse_mapping("purchases", mapping, where="spec"), raw.columns, file="lines.csv")
    now = datetime.combine(AS_OF, time(12), UTC)
    cleaned = clean(raw, Reading(bound, "lines.csv", instants.Clock((), False, "UTC", "UTC"), False, now))
    return pl.concat([cleaned.rows, cleaned.quarantine.select("row_number", "reason")], how="diagonal_relaxed").sort(
        ROW_NUMBER
    )


# Recommendations


@dataclass(frozen=True)
class Shop:
    """The tables behind the lists. Everything but `products` may be left out.

    products: product, and if it matters category, brand, price, stock, labels, buyers (10), popular repeats (0.25);
        the first product is the most popular; a product without buyers is not popular.
    purchases: customer, product, days ago.
    predictions: customer, product, and if it matters urgency, interval, in days, chance in 7 days, chance in 14 days;
        without them every product bought has a plain prediction.
    goes_with: product, neighbour, customers (20), same category; the first neighbour is the nearest.
    customers: customer, and if it matters favourites, brands, diet, budget from, budget to, consent.
    signals: customer, product, signal, days ago.
    trends, season: product; the products that rise, and those of the summer.
    """

    products: str
    purchases: str = ""
    predictions: str = ""
    goes_with: str = ""
    customers: str = ""
    signals: str = ""
    trends: str = ""
    season: str = ""

    def homepage(self, engine: Engine, customer: str, **settings: Any) -> pl.DataFrame:
        """The customer's homepage list."""
        return self._list(engine, f"{customer}#homepage", **settings)

    def replenishment(self, engine: Engine, customer: str, **settings: Any) -> pl.DataFrame:
        """What the customer needs again."""
        return self._list(engine, f"{customer}#replenishment", **settings)

    def _list(self, engine: Engine, list_id: str, *, consent: bool = True, **settings: Any) -> pl.DataFrame:
        settings = {"min_support": 1} | settings
        lists = run(
            engine,
            PLAN["recommend"],
            self._inputs(engine, RecommendSettings(**settings)),
            "recommendations",
            as_of=AS_OF,
            parameters=RecommendSettings(**settings),
            privacy=PrivacySettings(consent_personalisation=consent),
        )
        return lists.filter(pl.col("list_id") == list_id).rename(
            {"product_id": "product", "predicted_date": "due", "next_expected_date": "expected"}
        )

    def _inputs(self, engine: Engine, settings: RecommendSettings) -> dict[str, pl.LazyFrame]:
        lines = [
            (str(r["customer"]), str(r["product"]), days_ago(int(str(r["days ago"])))) for r in rows(self.purchases)
        ]
        cycles = run(engine, PLAN["cycles"], {"purchases": purchases(*lines).lazy()}, "cycles", as_of=AS_OF)
        bought = cycles.select("customer_id", "product_id", "last_day", "purchase_days").to_dicts()
        predicted = {(r["customer"], r["product"]): _prediction(r) for r in rows(self.predictions)}
        sold = {
            "purchases": purchases(*lines).lazy() if lines else frame("purchases"),
            "products": frame("products", *(_product(row) for row in rows(self.products))),
        }
        offered = run(
            engine, PLAN["assortment"], sold, "assortment", as_of=AS_OF, rules=NO_RULES, **settings.of_products
        )
        returned, neighbours = frame("returned"), frame("neighbours", *_neighbours(self.goes_with))
        popularity = frame(
            "popularity",
            *_ranked("popular", "all", self.products),
            *_ranked("trending", "all", self.trends),
            *_ranked("seasonal", "summer", self.season),
        )
        return {
            "cycles": cycles.lazy(),
            "returned": returned,
            "rankings": rankings_of(cycles.lazy(), returned, popularity, neighbours),
            "assortment": offered.lazy(),
            "predictions": frame(
                "predictions", *(row | predicted.get((row["customer_id"], row["product_id"]), {}) for row in bought)
            ),
            "neighbours": neighbours,
            "popularity": popularity,
            "customers": frame("customers", *(_profile(row) for row in rows(self.customers))),
            "interactions": interactions(
                *(
                    (str(r["customer"]), str(r["product"]), str(r["signal"]), int(str(r["days ago"])))
                    for r in rows(self.signals)
                )
            ),
        }


def _product(row: Row) -> dict[str, Any]:
    facts = {name: row.get(name) for name in ("category", "brand", "price")}
    return facts | {
        "product_id": row["product"],
        "name": str(row["product"]).capitalize(),
        "stock": int(row["stock"]) if row.get("stock") else None,
        "withdrawn": True if row.get("withdrawn") == "yes" else None,
        "dietary": _entries(row.get("labels")),
    }


def _prediction(row: Row) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if row.get("urgency"):
        given["urgency"] = row["urgency"]
    if row.get("in days"):
        given["predicted_date"] = date.fromisoformat(days_ago(-int(str(row["in days"]))))
        given["next_expected_date"] = max(given["predicted_date"], AS_OF)
    if row.get("interval"):
        given["interval_days"] = float(str(row["interval"]))
    for days in (7, 14):
        if row.get(f"chance in {days} days"):
            given[f"probability_{days}d"] = float(str(row[f"chance in {days} days"]))
    return given


def _neighbours(table: str) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = []
    for row in rows(table):
        rank = 1 + sum(link["product_id"] == row["product"] for link in links)
        customers = int(row.get("customers") or 20) if "customers" not in row or row["customers"] else None
        links.append(
            {
                "product_id": row["product"],
                "neighbour_id": row["neighbour"],
                "rank": rank,
                "score": 1 / (rank + 1),
                "customers": customers,
                "support": customers,
                "conditional": None if customers is None else 0.5,
                "co_purchase": None if customers is None else 0.5,
                "same_category": row.get("same category") == "yes",
            }
        )
    return links


def _ranked(kind: str, scope: str, table: str) -> list[dict[str, Any]]:
    known = [row for row in rows(table) if "buyers" not in row or row["buyers"]]
    return [
        {
            "kind": kind,
            "scope": scope,
            "rank": rank,
            "product_id": row["product"],
            "score": 1 / rank,
            "customers": int(row.get("buyers") or 10),
            "reason": {"popular": "popular", "trending": "rising", "seasonal": "in season"}[kind],
        }
        for rank, row in enumerate(known, 1)
    ]


def _profile(row: Row) -> dict[str, Any]:
    return {
        "customer_id": row["customer"],
        "favorite_categories": _entries(row.get("favourites")),
        "brand_preferences": _entries(row.get("brands")),
        "dietary_restrictions": _entries(row.get("diet")),
        "budget_min": row.get("budget from"),
        "budget_max": row.get("budget to"),
        "consent_personalisation": {"yes": True, "no": False}.get(str(row.get("consent"))),
    }


def _entries(cell: str | None) -> list[str]:
    return [entry.strip() for entry in cell.split(",")] if cell else []
