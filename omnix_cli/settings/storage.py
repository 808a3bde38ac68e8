"""Settings of what is kept elsewhere: the store, the lists published to it, and files on S3."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from omnix_cli.settings.section import AwsAccess, Section, Share
from omnix_cli.store_kinds import check_kind


class TableSettings(Section):
    """How `omnix tables create` creates the tables in DynamoDB, and what `omnix tables status` expects."""

    expiring: tuple[Literal["product-interactions", "recommendations", "order-states"], ...] = ("recommendations",)
    """Tables whose items expire. They are not read after their `ttl`, and DynamoDB deletes them some time later."""
    point_in_time_recovery: bool = True
    """Keep continuous backups of the last 35 days. Exports of whole tables need them."""
    deletion_protection: bool = False
    """Protect the tables from deletion."""
    warm_read_units: int | None = Field(None, ge=1)
    """Reads a second that new tables and indexes can handle at once. Unset: DynamoDB's default, 12000."""
    warm_write_units: int | None = Field(None, ge=1)
    """Writes a second that new tables and indexes can handle at once. Unset: DynamoDB's default, 4000."""
    own_products: bool = False
    """Create and delete the product table too. Leave it off where another service owns the catalogue."""


class StoreSettings(AwsAccess):
    """The store that lists are published to."""

    kind: Annotated[str, AfterValidator(check_kind)] = "sqlite"
    """`sqlite` is a file on this machine, `dynamodb` the tables of an AWS account."""
    path: Path | None = None
    """The SQLite file. Default: `store.sqlite` in the workspace."""
    prefix: str = Field("omnix-ai", pattern=r"^[a-zA-Z0-9_.-]+$")
    """Tables are named <prefix>-<table>-<stage> ..."""
    stage: str = Field("dev", pattern=r"^[a-zA-Z0-9_.-]+$")
    """... and this is the stage."""
    transport: Literal["signed", "boto3"] = "signed"
    """`signed` sends bulk requests over its own connections. `boto3` uses the client of boto3: slower, but works
    through proxies."""
    threads: int = Field(4, ge=1, le=64)
    """Connections that write at the same time."""
    max_write_units: float | None = Field(None, gt=0)
    """The most write units a second to use. Unset: as many as the tables allow."""
    write_share: float | None = Field(None, gt=0, le=1)
    """The share of a table's write capacity to use: of its provisioned or maximum capacity, else of its warm one."""
    start_write_units: float | None = Field(None, gt=0)
    """Start with this many write units a second and add a tenth every second. Warms up tables that were idle."""
    max_read_units: float | None = Field(None, gt=0)
    """The most read units a second to use when reading a whole table. Unset: as many as the table allows."""
    segments: int = Field(4, ge=1, le=64)
    """Segments to read at the same time when reading a whole table."""
    read_price: float = Field(0.125, ge=0)
    """The price of a million read units, in dollars (on-demand tables, us-east-1, since November 2024)."""
    tables: TableSettings = TableSettings()


class PublishSettings(Section):
    """How lists are published to the store."""

    lifetime_days: float = Field(7, gt=0)
    """Days after which a published item expires."""
    refresh_share: Share = 0.5
    """Write an unchanged item again once this share of its lifetime has passed."""
    max_drift: Share = 0.02
    """Leave a published list alone while its scores and chances are off by no more, if nothing else changed."""
    max_drift_days: float = Field(1, ge=0)
    """The same for its predicted dates and intervals, in days."""
    lease_seconds: float = Field(60, gt=0)
    """How long another workspace waits for a publisher that makes no progress."""
    profiles: bool = True
    """Write shopping patterns and segments to the profiles of customers."""
    verify: Literal["none", "sample", "all"] = "sample"
    """What to read back and compare after publishing: nothing, a random sample, or every item."""
    verify_items: int = Field(300, ge=1)
    """The size of the sample."""
    write_price: float = Field(0.625, ge=0)
    """The price of a million write units, in dollars (on-demand tables, us-east-1, since November 2024)."""


class S3Settings(AwsAccess):
    """Access to addresses such as `s3://bucket/...`."""

    leftover_hours: float = Field(24, gt=0)
    """Remove the objects of unfinished checkpoints after this many hours. No step may take longer."""


class RetentionSettings(Section):
    """How long things are kept. Unset: for ever."""

    interaction_days: float | None = Field(None, gt=0)
    """Days after which the store forgets an interaction. Needs `product-interactions` in `store.tables.expiring`."""
    order_days: float | None = Field(None, gt=0)
    """Days after the last document about an order after which the store forgets its state, but not its purchases: a
    later document counts as the first one. Needs `order-states` in `store.tables.expiring`."""
    quarantine_days: float | None = Field(None, gt=0)
    """Days after which the nightly run removes quarantined rows: they can no longer be imported again."""
    answer_days: float | None = Field(None, gt=0)
    """Days after which it removes the answers of models. With fewer than `bedrock.max_age_days`, more is asked."""
    run_days: float | None = Field(None, gt=0)
    """Days after which it removes runs with their results, but for the newest and the one that is published."""
    log_days: float | None = Field(None, gt=0)
    """Days after which it removes lines of the log files."""
