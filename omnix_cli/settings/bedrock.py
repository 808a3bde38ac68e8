"""Settings of predictions by a model on Amazon Bedrock."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr

from omnix_cli.settings.section import AwsAccess, Section, Share


class BatchSettings(Section):
    """Bedrock batch jobs. The limits are quotas of the account (Service Quotas) and differ by model."""

    location: str | None = Field(None, pattern="^s3://[^/]+")
    """Where to keep requests, answers and job records, such as `s3://bucket/omnix-batch`."""
    role_arn: str | None = None
    """The IAM role that Bedrock uses to read and write there."""
    min_records: int = Field(100, ge=1)
    """The fewest questions of a job. Fewer are asked on demand."""
    max_records: int = Field(50_000, ge=1)
    """The most questions of a job. More are split into several jobs."""
    timeout_hours: int = Field(24, ge=24, le=168)
    """How long Bedrock may take for a job."""
    poll_seconds: float = Field(60, gt=0)
    """How often to check whether a job has finished."""
    wait_seconds: float = Field(0, ge=0)
    """How long a run waits for a job. After that it ends with exit code 4, and a later run collects the answers."""
    price_share: float = Field(0.5, gt=0, le=1)
    """The price of a batch as a share of the price on demand."""


class BedrockSettings(AwsAccess):
    """Predictions by a language model on Amazon Bedrock."""

    model: str = "amazon.nova-lite-v1:0"
    """A model id, or the id or ARN of an inference profile."""
    data_region: str | None = None
    """The only region that may process the data. Another region, or a profile that crosses regions, is refused."""
    allow_other_region: bool = False
    """Allow the data to leave their region."""
    prompt: str = "replenishment"
    """The prompt: a name (its newest version) or name@version."""
    structure: Literal["auto", "schema", "tool", "text"] = "auto"
    """How the model is made to return JSON: by an output schema, by a forced strict tool, or by the prompt alone."""
    max_age_days: int = Field(14, ge=0)
    """Days for which an answer is used again while the customer's history does not change."""
    min_purchase_days: int = Field(4, ge=2)
    """Ask only about products bought on at least this many days."""
    products_per_customer: int = Field(20, ge=1, le=100)
    """The most products to ask about for each customer: those most likely needed within four weeks."""
    customers_per_request: int = Field(1, ge=1, le=20)
    """Customers in one question. More is cheaper, but one bad answer then affects several customers."""
    max_output_tokens: int = Field(4096, ge=64)
    """The most tokens of one answer."""
    temperature: float | None = Field(0.0, ge=0, le=1)
    """How much answers vary: 0 always gives the most likely one."""
    connections: int = Field(16, ge=1, le=256)
    """The most questions to ask at the same time. Throttling lowers it for a while."""
    requests_per_minute: float | None = Field(None, gt=0)
    """The quota of requests. Unset: omnix speeds up until Bedrock throttles it, then backs off."""
    attempts: int = Field(8, ge=1, le=20)
    """How often to ask a question that was throttled, failed or lost."""
    read_timeout_seconds: float = Field(300, gt=0)
    """How long to wait for an answer. If this is too short, you pay for answers that nobody reads."""
    budget: Decimal | None = Field(None, ge=0)
    """The most dollars that one run may spend. It stops before it would spend more."""
    prices: str | None = None
    """Use this price table instead of the built-in one (`configs/prices/bedrock.toml`)."""
    service_tier: Literal["priority", "default", "flex", "reserved"] | None = None
    """The service tier, for models that have tiers."""
    latency: Literal["standard", "optimized"] | None = None
    """Ask for optimized latency, for models that have it."""
    guardrail: str | None = None
    """The id or ARN of a guardrail ..."""
    guardrail_version: str = "DRAFT"
    """... and its version."""
    metadata: dict[str, str] = {}
    """Tags for each request, for cost allocation."""
    count_tokens: bool = False
    """Let Bedrock count the tokens for an estimate: exact and free. Otherwise they are estimated from the text."""
    pseudonym_secret: SecretStr | None = None
    """The secret key that turns customer ids into pseudonyms in prompts. Best set as OMNIX_BEDROCK__PSEUDONYM_SECRET.
    With another key, earlier answers are not found again."""
    forbidden_patterns: tuple[str, ...] = ()
    """Regular expressions that must never match a prompt, besides email addresses, phone and card numbers."""
    currency: str = "USD"
    """The currency of prices, as prompts name it."""
    max_failed: Share = 0.05
    """End a run with exit code 5 when more than this share of customers have no valid answer."""
    batch: BatchSettings = BatchSettings()
