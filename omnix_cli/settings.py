"""Settings: one typed record per part of omnix; `configuration` reads them.

Sections whose values enter a step are passed to it as they are and are part of its checkpoint's key.
"""

from __future__ import annotations

import difflib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of the settings: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_timezone(name: str) -> str:
    """The name of a time zone that exists. Raises ValueError for another."""
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, KeyError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"there is no time zone {name!r}; did you mean {(near or ['Europe/Berlin'])[0]}?") from None


class SourceSettings(Section):
    """One input that `omnix run` takes in before anything else."""

    kind: Literal["purchases", "products", "customers", "interactions", "orders"]
    """What the rows are."""
    files: tuple[str, ...] = ()
    """Files, folders or globs, relative to the current folder, or addresses such as `s3://bucket/prefix/*.csv.gz`."""
    store: Literal["dynamodb", "sqlite"] | None = None
    """The store whose whole table of that kind is read, instead of files."""
    mapping: str | None = None
    """A recipe of `configs/mappings/` by name, or a path to one."""

    @model_validator(mode="after")
    def _one_place(self) -> SourceSettings:
        if bool(self.files) == bool(self.store):
            raise ValueError("a source is either files or the table of a store")
        if self.store and self.kind == "orders":
            raise ValueError("no table holds orders; purchases are read from one")
        return self


class ImportSettings(Section):
    """How input files are taken in."""

    max_bad: Share = 0.01
    """The largest share of bad rows; above it an import ends with exit code 3 and takes nothing over."""
    timezone: Annotated[str, AfterValidator(check_timezone)] = "UTC"
    """The time zone of the shop: the one in which a purchase day begins, and that of times written without a zone."""
    max_row_fall: Share | None = None
    """Refuse an import whose rows fall by more than this share against the median of past imports (off: only told)."""
    max_age_days: int | None = Field(None, ge=0)
    """Refuse an import whose newest row is older than this against the day of import (off: only told)."""
    sources: tuple[SourceSettings, ...] = ()
    """What `omnix run` imports first."""


class ContentWeights(Section):
    """The parts of content similarity; a part that is missing on both sides is left out and the rest rescaled."""

    category: float = Field(0.4, ge=0)
    price: float = Field(0.2, ge=0)
    brand: float = Field(0.15, ge=0)
    text: float = Field(0.25, ge=0)


class SimilaritySettings(Section):
    """Co-purchase and content similarity of products."""

    basis: Literal["customer", "basket"] = "customer"
    """What counts as together: bought by the same customer, or in the same basket."""
    measure: Literal["cosine", "jaccard", "lift", "conditional"] = "cosine"
    """The co-purchase measure that ranks."""
    neighbours: int = Field(50, ge=1, le=1000)
    """Neighbours kept per product."""
    min_support: int = Field(3, ge=1)
    """Customers (or baskets) two products must share."""
    shrink: float = Field(10.0, ge=0)
    """Shrinkage: a score s on support n becomes s * n / (n + shrink)."""
    half_life_days: float | None = Field(90.0, gt=0)
    """Half-life of a purchase's weight; none switches the decay off."""
    co_purchase_weight: Share = 0.8
    """The share of co-purchase in the blended score; content has the rest."""
    content: ContentWeights = ContentWeights()
    max_products_per_customer: int | None = Field(None, ge=2)
    """Keep only the heaviest products of a customer: faster, but it moves the result; off by default."""


class BatchSettings(Section):
    """Bedrock batch jobs; the limits are quotas of the account (Service Quotas) and differ by model."""

    location: str | None = Field(None, pattern="^s3://[^/]+")
    """Where requests, answers and the records of jobs lie, such as `s3://bucket/omnix-batch`."""
    role_arn: str | None = None
    """The IAM role with which Bedrock reads and writes there."""
    min_records: int = Field(100, ge=1)
    """Fewer questions than this cannot be a job: they are asked on demand."""
    max_records: int = Field(50_000, ge=1)
    """More questions than this become several jobs."""
    timeout_hours: int = Field(24, ge=24, le=168)
    """How long Bedrock may take."""
    poll_seconds: float = Field(60, gt=0)
    """How often a job is asked about."""
    wait_seconds: float = Field(0, ge=0)
    """How long a run waits for a job; after that it ends with exit code 4, and a later one collects."""
    price_share: float = Field(0.5, gt=0, le=1)
    """The price of a batch as a share of the price on demand."""


class BedrockSettings(Section):
    """Predictions by a language model on AWS Bedrock."""

    model: str = "amazon.nova-lite-v1:0"
    """A model id, or the id or ARN of an inference profile."""
    profile: str | None = None
    """The AWS profile; by default that of the environment."""
    region: str | None = None
    """The region of the model; by default that of the environment or the profile."""
    data_region: str | None = None
    """The region the data may be processed in; another one, or a profile that crosses regions, is refused."""
    allow_other_region: bool = False
    """Let the data leave their region."""
    endpoint_url: str | None = None
    """Where Bedrock answers, if not at the region's own endpoint."""
    prompt: str = "replenishment"
    """The prompt by name (its newest version) or as name@version."""
    structure: Literal["auto", "schema", "tool", "text"] = "auto"
    """How JSON is had from the model: a schema for its output, a forced strict tool, or by the prompt's words."""
    max_age_days: int = Field(14, ge=0)
    """An answer whose history did not change is used for so long."""
    min_purchase_days: int = Field(4, ge=2)
    """Purchase days a product needs to be asked about."""
    products_per_customer: int = Field(20, ge=1, le=100)
    """The most products asked about, those likeliest needed within four weeks."""
    customers_per_request: int = Field(1, ge=1, le=20)
    """Customers in one question: cheaper, but one bad answer costs several."""
    max_output_tokens: int = Field(4096, ge=64)
    """The most that a model may answer to one question."""
    temperature: float | None = Field(0.0, ge=0, le=1)
    """0 gives the likeliest answer; none leaves it to the model."""
    connections: int = Field(16, ge=1, le=256)
    """Questions under way at a time, at most; throttling lowers it for a while."""
    requests_per_minute: float | None = Field(None, gt=0)
    """The quota of requests; by default what the service admits."""
    attempts: int = Field(8, ge=1, le=20)
    """How often a question is asked that was throttled, failed or lost."""
    read_timeout_seconds: float = Field(300, gt=0)
    """How long an answer may take; too short a time pays for answers that nobody reads."""
    budget: Decimal | None = Field(None, ge=0)
    """Dollars that one run may spend; it stops before."""
    prices: str | None = None
    """A price table in place of the built-in one (`configs/prices/bedrock.toml`)."""
    service_tier: Literal["priority", "default", "flex", "reserved"] | None = None
    """The service tier, where the model has them."""
    latency: Literal["standard", "optimized"] | None = None
    """Whether the latency is optimized, where the model has that."""
    guardrail: str | None = None
    """The id or ARN of a guardrail ..."""
    guardrail_version: str = "DRAFT"
    """... and its version."""
    metadata: dict[str, str] = {}
    """Tags of each request for the allocation of costs."""
    count_tokens: bool = False
    """Whether a dry run asks the service to count tokens, which is exact and free, instead of estimating them."""
    pseudonym_secret: SecretStr | None = None
    """The key of the pseudonyms under which customers stand in prompts, best from OMNIX_BEDROCK__PSEUDONYM_SECRET;
    another key unlinks them."""
    forbidden_patterns: tuple[str, ...] = ()
    """Regular expressions of what must never be in a prompt, besides mail addresses, phone and card numbers."""
    currency: str = "USD"
    """The currency of prices, as prompts name it."""
    max_failed: Share = 0.05
    """A run ends with exit code 5 when more customers than this share got no valid answer."""
    batch: BatchSettings = BatchSettings()


class PredictionSettings(Section):
    """When is what needed again."""

    predictor: Literal["statistical", "bedrock", "bedrock-batch", "auto"] = "statistical"
    """What makes the predictions: the embedded statistics; a model on Bedrock, asked on demand or in batches; or
    `auto`: batches when enough customers are due, else on demand."""
    gate: bool = False
    """Publish what Bedrock says only if it was at least as good as the statistics on a held-out time."""
    compare_days: int = Field(28, ge=7)
    """How long the held-out time of a comparison is."""
    compare_customers: int = Field(200, ge=1)
    """Customers of a comparison, at most."""
    personal_purchases: int = Field(3, ge=2)
    """Purchase days from which a customer's own rhythm counts; below it the product's own rhythm is used."""
    min_alive: Share = 0.05
    """Below this probability that the customer still buys the product, no prediction is made."""
    lapsed_alive: Share = 0.2
    """Below this probability a prediction is marked as lapsed: the customer has probably moved on."""
    urgent_days: int = Field(1, ge=0)
    """Urgent: due within so many days ..."""
    urgent_confidence: Share = 0.7
    """... at a confidence above this."""
    upcoming_days: int = Field(7, ge=1)
    """Upcoming: due within so many days ..."""
    upcoming_confidence: Share = 0.6
    """... at a confidence above this."""


class RecommendSettings(Section):
    """The lists that customers see."""

    count: int = Field(10, ge=1, le=500)
    """Items of a personalised list; it is never shorter."""
    due_share: Share = 0.6
    """The share of the shelf `due again`; `new for you` has the rest."""
    replenishment_count: int = Field(20, ge=1, le=500)
    """Items of a customer's list of what is due, at most."""
    trending_window_days: int = Field(28, ge=1)
    """Trending compares this window with the one before."""
    hemisphere: Literal["northern", "southern"] = "northern"
    """Where the shop is: spring begins in March in the north, in September in the south."""
    min_support: int = Field(3, ge=1)
    """Customers an item must have been bought by to be recommended to others."""
    excluded_categories: tuple[str, ...] = ()
    """Never recommended to anyone (tobacco, fuel, gift cards)."""


class ShopListSettings(Section):
    """The lists that belong to no customer."""

    similar_count: int = Field(10, ge=1, le=500)
    """Items of the list of similar products that each product has, at most."""
    trending_count: int = Field(50, ge=1, le=500)
    """Items of the trending and popular lists, at most."""
    seasonal_count: int = Field(50, ge=1, le=500)
    """Items of each season's list, at most."""
    popular_count: int = Field(50, ge=1, le=500)


class PublishSettings(Section):
    """What is written to the store."""

    lifetime_days: float = Field(7, gt=0)
    """Days after which a published row expires."""
    refresh_share: Share = 0.5
    """A row that did not change is written again once this share of its lifetime is over."""
    lease_seconds: float = Field(60, gt=0)
    """How long another workspace waits for a publisher that does not move any more."""
    verify: Literal["none", "sample", "all"] = "sample"
    """What is read back after a publish and compared: nothing, a random sample, or every item."""
    verify_items: int = Field(300, ge=1)
    """The size of the sample."""
    write_price: float = Field(0.625, ge=0)
    """The price of a million write units, in dollars (on-demand tables, us-east-1, since November 2024)."""


class PrivacySettings(Section):
    """Privacy first: floors and defaults."""

    min_customers: int = Field(3, ge=1)
    """Figures that rest on fewer distinct customers are not shown."""
    consent_personalisation: bool = True
    """The default where a profile says nothing."""
    consent_ai_analysis: bool = False
    """The default where a profile says nothing."""


class TableSettings(Section):
    """How `omnix tables create` makes the tables in DynamoDB, and what `omnix tables status` expects."""

    expiring: tuple[Literal["product-interactions", "recommendations"], ...] = ("recommendations",)
    """Tables in which DynamoDB deletes items some time after their `ttl` (they are not read from that second on)."""
    point_in_time_recovery: bool = True
    """Continuous backups of the last 35 days; exports of whole tables need them."""
    deletion_protection: bool = False
    """Protects the tables against being dropped."""
    warm_read_units: int | None = Field(None, ge=1)
    """Reads a second that tables and indexes must bear at once (DynamoDB's default for new ones: 12000)."""
    warm_write_units: int | None = Field(None, ge=1)
    """Writes a second that tables and indexes must bear at once (DynamoDB's default for new ones: 4000)."""
    own_products: bool = False
    """Whether the catalogue is ours to create and drop; in production another service owns it."""


class StoreSettings(Section):
    """Where recommendations are published."""

    kind: Literal["sqlite", "dynamodb"] = "sqlite"
    """`sqlite` is an embedded file, `dynamodb` the tables of an AWS account."""
    path: Path | None = None
    """The SQLite file; by default `store.sqlite` in the workspace."""
    prefix: str = Field("omnix-ai", pattern=r"^[a-zA-Z0-9_.-]+$")
    """Tables are named <prefix>-<table>-<stage> ..."""
    stage: str = Field("dev", pattern=r"^[a-zA-Z0-9_.-]+$")
    """... and this is the stage."""
    profile: str | None = None
    """The AWS profile; by default that of the environment."""
    region: str | None = None
    """The AWS region; by default that of the environment or the profile."""
    endpoint_url: str | None = None
    """Where DynamoDB answers, if not at the region's own endpoint."""
    transport: Literal["signed", "boto3"] = "signed"
    """`signed` sends bulk requests over own connections; `boto3` uses boto3's client: slower, through proxies too."""
    threads: int = Field(4, ge=1, le=64)
    """Connections that write at a time."""
    max_write_units: float | None = Field(None, gt=0)
    """Write units a second that may be used; by default what the tables bear."""
    write_share: float | None = Field(None, gt=0, le=1)
    """Share of a table's write capacity that may be used: of what is provisioned or set as its maximum, else warm."""
    start_write_units: float | None = Field(None, gt=0)
    """Write units a second to begin with, rising by a tenth a second: a warm-up for tables that were quiet."""
    max_read_units: float | None = Field(None, gt=0)
    """Read units a second that reading a whole table may use; by default what the table bears."""
    segments: int = Field(4, ge=1, le=64)
    """Parts of a table that are read at a time when all of it is."""
    read_price: float = Field(0.125, ge=0)
    """The price of a million read units, in dollars (on-demand tables, us-east-1, since November 2024)."""
    tables: TableSettings = TableSettings()


class S3Settings(Section):
    """How addresses of the form `s3://bucket/...` are reached; what is not set is found as by every AWS tool."""

    profile: str | None = None
    """The profile of the AWS configuration files."""
    region: str | None = None
    """The region of the buckets."""
    endpoint_url: str | None = None
    """Another service with the interface of S3, such as `http://localhost:9000`."""
    leftover_hours: float = Field(24, gt=0)
    """Objects of unfinished checkpoints are removed when they are older; no step may take as long."""


class EngineSettings(Section):
    """How the work is done; never changes a result."""

    slice_rows: int = Field(2_000_000, ge=1)
    """Purchase rows worked on at a time."""
    threads: int | None = Field(None, ge=1)
    """Threads of the similarity kernel (default: all cores). polars itself obeys POLARS_MAX_THREADS."""
    max_memory: str = "4GiB"
    """The memory a step may plan with; it works in blocks instead of passing it."""


class Settings(Section):
    """Every setting."""

    workspace: Path = Path(".omnix")
    """The folder of checkpoints, runs, the lock and the embedded store."""
    shared_workspace: str | None = Field(None, pattern="^s3://[^/]+")
    """An address `s3://bucket/prefix` for checkpoints, import batches, runs and the lock, so that any machine can go on
    with them; logs, temporary files and the embedded store stay in the folder above."""
    as_of: str = "latest"
    """The day a run stands on: only rows of earlier days are seen. A date, `today`, or `latest`: the day after the
    newest purchase."""
    imports: ImportSettings = ImportSettings()
    similarity: SimilaritySettings = SimilaritySettings()
    prediction: PredictionSettings = PredictionSettings()
    bedrock: BedrockSettings = BedrockSettings()
    recommend: RecommendSettings = RecommendSettings()
    shop_lists: ShopListSettings = ShopListSettings()
    publish: PublishSettings = PublishSettings()
    privacy: PrivacySettings = PrivacySettings()
    store: StoreSettings = StoreSettings()
    s3: S3Settings = S3Settings()
    engine: EngineSettings = EngineSettings()


def dump(section: BaseModel) -> dict[str, Any]:
    """A section as plain JSON values, for keys and manifests."""
    return section.model_dump(mode="json")
