"""What the runs found out, looked up in their checkpoints: one customer, one product, the days to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import orjson
import polars as pl

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints, RunRecords, StoredFrame
from omnix_cli.records import RunRecord
from omnix_cli.schemas import SEASONS
from omnix_cli.services.lookups.published import CUSTOMER_CONTEXTS, POPULAR
from omnix_cli.steps.lists.seasons import season_on

_DUE_COLUMNS = (
    "predicted_date",
    "date_p10",
    "date_p90",
    "probability_7d",
    "probability_28d",
    "expected_quantity",
    "confidence",
    "urgency",
)


@dataclass(frozen=True)
class Findings:
    """The frames of one run; for `latest` of the newest runs that made each, standing on `as_of` if given."""

    records: RunRecords
    checkpoints: Checkpoints
    sources: Mapping[str, StoredFrame]
    run: str
    as_of: date | None
    hemisphere: Literal["northern", "southern"]

    def recommendations(self, customer: str, *, context: str, limit: int) -> pl.DataFrame:
        """A customer's list in rank order; the popular products (shelf `fallback`) for an unknown customer."""
        if context not in CUSTOMER_CONTEXTS:
            raise ConfigError(
                f"there is no context {context!r}", hint=f"Choose one of: {', '.join(CUSTOMER_CONTEXTS)}."
            )
        lists = self._frame("recommendations").filter(pl.col("customer_id") == customer)
        found = lists.filter(pl.col("list_id") == f"{customer}#{context}").collect()
        if found.is_empty() and context == "homepage":
            return self.shop_list(POPULAR, limit=limit).with_columns(shelf=pl.lit("fallback"))
        return _as_list(found).head(limit)

    def shop_list(self, list_id: str, *, limit: int) -> pl.DataFrame:
        """A list that belongs to no customer, in rank order."""
        found = self._frame("shop_lists").filter(pl.col("list_id") == list_id).head(limit).collect()
        return _as_list(found)

    def season(self, name: str) -> str:
        """The season of that name; for `current` that of the run's day. Raises `ConfigError` when there is none."""
        if name == "current":
            return season_on(self._as_of("shop_lists"), self.hemisphere)
        if name not in SEASONS:
            raise ConfigError(f"there is no season {name!r}", hint=f"Choose one of: current, {', '.join(SEASONS)}.")
        return name

    def similar(self, product: str, *, limit: int) -> pl.DataFrame:
        """The neighbours of a product with every component of their score. Raises `DataError` for an unknown one."""
        found = self._frame("neighbours").filter(pl.col("product_id") == product).head(limit)
        names = self.sources["products"].scan().select(neighbour_id="product_id", product_name="name")
        rows = found.join(names, on="neighbour_id", how="left").sort("rank").collect()
        if rows.is_empty() and not self._known("product_id", product):
            raise DataError(f"there is no product {product!r}", hint="Check the id, or import the catalogue.")
        return rows.select("rank", "neighbour_id", "product_name", pl.exclude("rank", "neighbour_id", "product_name"))

    def due(self, *, days: int, customer: str | None, limit: int) -> pl.DataFrame:
        """Who needs what before the day of the run plus `days`, surest first."""
        last_day = self._as_of("predictions") + timedelta(days=days)
        rows = self._frame("predictions").filter(pl.col("predicted_date") <= last_day)
        if customer is not None:
            rows = rows.filter(pl.col("customer_id") == customer)
        first = rows.sort(
            ["confidence", "predicted_date", "customer_id", "product_id"], descending=[True, False, False, False]
        ).head(limit)
        return (
            self._with_names(first)
            .select("customer_id", "product_id", "product_name", *_DUE_COLUMNS, "reason")
            .collect()
        )

    def customer(self, customer: str, *, limit: int) -> pl.DataFrame:
        """What a customer buys, most often bought first, with the rhythm and the next date. Raises `DataError`
        for a customer nobody has heard of."""
        rows = self._frame("cycles").filter(pl.col("customer_id") == customer)
        predictions = self._frame("predictions").filter(pl.col("customer_id") == customer)
        merged = rows.join(predictions.select("product_id", *_DUE_COLUMNS), on="product_id", how="left")
        found = self._with_names(merged).sort(["purchase_days", "product_id"], descending=[True, False]).head(limit)
        result = found.select(
            "product_id", "product_name", "purchase_days", "last_day", "median_gap_days", *_DUE_COLUMNS
        ).collect()
        if result.is_empty() and not self._known("customer_id", customer):
            raise DataError(f"there is no customer {customer!r}", hint="Check the id.")
        return result

    def analysis(self, customer: str) -> pl.DataFrame:
        """What a model found out about a customer, as names and values; none when none was asked. Raises `DataError`
        for a customer nobody has heard of."""
        found = self._frame("analyses").filter(pl.col("customer_id") == customer).collect()
        if found.is_empty() and not self._known("customer_id", customer):
            raise DataError(f"there is no customer {customer!r}", hint="Check the id.")
        return pl.DataFrame(
            [(name, str(value)) for row in found.iter_rows(named=True) for name, value in _facts(row)],
            schema={"what": pl.String, "value": pl.String},
            orient="row",
        )

    def dead_letters(self) -> pl.DataFrame:
        """The customers whom a model gave no valid answer, with the reasons."""
        return self._frame("dead_letters").collect()

    def profile(self, customer: str) -> pl.DataFrame:
        """The imported profile: one row, or none."""
        return self.sources["customers"].scan().filter(pl.col("customer_id") == customer).collect()

    def _frame(self, name: str) -> pl.LazyFrame:
        checkpoint = self._made(name)[1]
        damage = self.checkpoints.damage(checkpoint.manifest.key)
        if damage:
            raise CorruptCheckpoint(
                f"checkpoint {checkpoint.manifest.key} is damaged ({damage})", hint="`omnix run` builds it again."
            )
        return checkpoint.frame(name).scan()

    def _as_of(self, frame: str) -> date:
        return self._made(frame)[0].as_of

    def _made(self, frame: str) -> tuple[RunRecord, Checkpoint]:
        """The run that has this frame, and the checkpoint that holds it."""
        runs = self.records.newest_first() if self.run == "latest" else iter([self.records.load(self.run)])
        for record in runs:
            if self.as_of not in (None, record.as_of):
                continue
            for checkpoint in self._checkpoints(record):
                if frame in checkpoint.manifest.parts:
                    return record, checkpoint
        day = f" as of {self.as_of}" if self.as_of else ""
        command = "predict --predictor bedrock" if frame in ("analyses", "dead_letters") else "run"
        raise DataError(
            f"no run has made {frame}{day} yet", hint=f"`omnix {command}{day and f' --as-of {self.as_of}'}` does."
        )

    def _checkpoints(self, record: RunRecord) -> Iterator[Checkpoint]:
        for step in record.steps:
            if step.status in ("ran", "reused"):
                try:
                    yield self.checkpoints.open(step.key)
                except CorruptCheckpoint:
                    continue

    def _known(self, column: str, value: str) -> bool:
        kinds = ("products", "purchases") if column == "product_id" else ("customers", "purchases", "interactions")
        matches = (self.sources[kind].scan().filter(pl.col(column) == value).head(1).collect() for kind in kinds)
        return any(found.height for found in matches)

    def _with_names(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        names = self.sources["products"].scan().select("product_id", product_name="name")
        return rows.join(names, on="product_id", how="left", maintain_order="left")


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """An analysis, its parts joined by dots."""
    yield from ((name, row[name]) for name in ("asked_day", "model", "prompt", "data_quality"))
    for part, values in orjson.loads(row["analysis"]).items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            told = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{part}.{name}" if name else part, told


def _as_list(rows: pl.DataFrame) -> pl.DataFrame:
    columns = (
        "product_id",
        "product_name",
        "score",
        "confidence",
        "shelf",
        "reason",
        "predicted_date",
        "urgency",
        "tags",
    )
    return rows.sort("rank").select("rank", *columns)
