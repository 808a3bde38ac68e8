"""The items of the table `recommendations`, built from the lists that the steps made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson
import polars as pl

from omnix_cli.days.utc_texts import iso
from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.services.publishing.drift import INTERVAL, PLACES, SHARES
from omnix_cli.steps.capacity import frame_bytes, item_bytes, list_bytes, map_bytes

CONTEXTS = {
    "personal": "homepage",
    "replenishment": "replenishment",
    "usual": "usual",
    "similar": "product_page",
    "complements": "product_page",
    "substitutes": "product_page",
    "trending": "homepage",
    "seasonal": "homepage",
    "popular": "homepage",
}
"""Where the lists of each kind are shown."""
CHUNK_ROWS = 100_000
"""Entries turned into JSON at a time, which takes some 100 MB."""
_STATUS = "active"
_CONTENT = ("recommendations", "algorithmType", "confidence", "context", "customerId")
_ENTRY = (
    *("productId", "productName", "score", "reason", "tags", "rank", "shelf", "predictedPurchaseDate"),
    *("nextExpectedDate", "confidence", "urgency", "category", "intervalDays", "intervalFrom", "intervalTo"),
)
ATTRIBUTES = (
    *("id", *(name for name in _CONTENT if name != "recommendations"), *(f"recommendations.{name}" for name in _ENTRY)),
    *("generatedAt", "expiresAt", "ttl", "runId", "status", "contentHash"),
)
"""The attributes of an item, and of the entries of its list."""
_IS_IMPERSONAL = (pl.col("kind") == "popular") & pl.col("customer_id").is_not_null()
_FLOATS = (*SHARES, INTERVAL)
_EXACT = pl.Decimal(38, PLACES)


@dataclass(frozen=True)
class Edition:
    """What all items written by one publish share."""

    run_id: str
    generated_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, run_id: str, *, now: datetime, lifetime_days: float) -> Edition:
        """The edition of this moment, to the millisecond: the store keeps no more."""
        generated_at = now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000)
        return cls(run_id, generated_at, generated_at + timedelta(seconds=round(lifetime_days * 86_400)))

    @cached_property
    def times(self) -> dict[str, Any]:
        """The attributes that a renewal changes."""
        return {
            "generatedAt": iso(self.generated_at),
            "expiresAt": iso(self.expires_at),
            "ttl": int(self.expires_at.timestamp()),
            "runId": self.run_id,
        }

    @cached_property
    def frame_bytes(self) -> int:
        """What an item has in the store besides its content and its key."""
        return item_bytes({**self.times, "status": _STATUS, "contentHash": "0" * 64})

    def items(self, lists: pl.DataFrame) -> pl.DataFrame:
        """Rows of `lists_of` as items of the table, with the numbers exactly as in the content."""
        entry = pl.element().struct.with_fields(pl.field(list(_FLOATS)).cast(_EXACT))
        return lists.select(
            pl.col("recommendations").list.eval(entry),
            "algorithmType",
            pl.col("confidence").cast(_EXACT),
            "context",
            "customerId",
            id="list_id",
            **{name: pl.lit(value) for name, value in self.times.items()},
            status=pl.lit(_STATUS),
            contentHash="content_hash",
        )


def lists_of(frame: StoredFrame, *, chunk_rows: int = CHUNK_ROWS) -> Iterator[pl.DataFrame]:
    """The lists of a recommendations frame in its order, in chunks, one row per list. A customer's list that is not
    personal is left out: readers find the popular products, labelled so.

    Columns: `list_id`; the attributes of the item without times, status and run; `content`, these as JSON;
    `content_hash`, its SHA-256; `content_bytes`, what they and the key count in DynamoDB.
    """
    rest: pl.DataFrame | None = None
    for rows in frame.scan().filter(~_IS_IMPERSONAL).collect_batches(chunk_size=chunk_rows, maintain_order=True):
        chunk = rows if rest is None else pl.concat([rest, rows])
        is_last_list = chunk["list_id"] == chunk["list_id"].tail(1).first()
        rest = chunk.filter(is_last_list)
        if rest.height < chunk.height:
            yield _contents(chunk.filter(~is_last_list))
    if rest is not None and rest.height:
        yield _contents(rest)


def some_lists(frame: StoredFrame, list_ids: pl.Series) -> pl.DataFrame:
    """The lists with these ids, as `lists_of` gives them."""
    return _contents(frame.scan().filter(pl.col("list_id").is_in(list_ids.implode())).collect())


def content_of(item: Mapping[str, Any]) -> str:
    """An item's content as the store holds it, as JSON, made as `lists_of` makes that of a list. Raises TypeError,
    ValueError, LookupError or AttributeError for an item that is no list."""
    entries = [_in_order(entry, _ENTRY) for entry in item["recommendations"]]
    known = {name: item[name] for name in _CONTENT if name in item}
    return orjson.dumps(_in_order({**known, "recommendations": entries}, _CONTENT)).decode()


def content_hash(content: str) -> str:
    """The hash of a content."""
    return hashlib.sha256(content.encode()).hexdigest()


def _in_order(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The values in this order of their names, as they are in JSON. Raises LookupError if there are others."""
    if others := values.keys() - set(names):
        raise LookupError(min(others))
    return {name: float(values[name]) if name in _FLOATS else values[name] for name in names if name in values}


def _contents(rows: pl.DataFrame) -> pl.DataFrame:
    due = pl.col("predicted_date").is_not_null()
    entries = rows.select(
        productId="product_id",
        productName="product_name",
        score=pl.col("score").round(PLACES),
        reason="reason",
        tags="tags",
        rank="rank",
        shelf="shelf",
        predictedPurchaseDate=pl.col("predicted_date").cast(pl.String),
        nextExpectedDate=pl.when(pl.col("urgency") == "overdue").then(pl.col("next_expected_date").cast(pl.String)),
        confidence=pl.when(due).then(pl.col("confidence").round(PLACES)),
        urgency="urgency",
        category="category",
        intervalDays=pl.col("interval_days").round(1),
        intervalFrom=pl.col("date_p10").cast(pl.String),
        intervalTo=pl.col("date_p90").cast(pl.String),
    )
    whole = 10**PLACES
    mean_confidence = (pl.col("confidence") * whole).round().cast(pl.Int64).sum() // pl.len() / whole
    # polars divides a column by multiplying with the reciprocal, but not a single value; rounding makes both equal.
    mean_confidence = mean_confidence.round(PLACES)
    # A number counts as its digits do: 0.25 as 25. Looking shares up is faster.
    digits = {**dict.fromkeys(SHARES, pl.UInt16), "intervalDays": pl.Int64}
    sizes = map_bytes(entries.with_columns((pl.col(name) * whole).round().cast(kind) for name, kind in digits.items()))
    grouped = (
        rows.lazy()
        .with_columns(entries.to_struct("entry"), sizes.alias("entry_bytes"))
        .group_by("list_id", maintain_order=True)
        .agg(
            pl.col("customer_id", "kind").first(),
            pl.col("entry").alias("entries"),
            confidence=mean_confidence,
            list_bytes=list_bytes(pl.col("entry_bytes")),
        )
        .collect()
    )
    rest = grouped.select(
        algorithmType="kind",
        confidence="confidence",
        context=pl.col("kind").cast(pl.String).replace_strict(CONTEXTS),
        customerId="customer_id",
    )
    items = rest.select(grouped["entries"].alias("recommendations"), pl.all())
    # An attribute without a value is left out. Quotes inside JSON strings are escaped: this matches attributes only.
    content = items.to_struct().struct.json_encode().str.replace_all(r',"\w+":null', "")
    hashes = [content_hash(text) for text in content]
    return items.with_columns(
        grouped["list_id"],
        content=content,
        content_hash=pl.Series(hashes, dtype=pl.String),
        content_bytes=grouped["list_bytes"] + len(_CONTENT[0]) + frame_bytes(rest.with_columns(id=grouped["list_id"])),
    )
