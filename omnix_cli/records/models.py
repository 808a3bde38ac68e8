"""Questions to a model, its replies, and batch jobs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from omnix_cli.records.record import Record


class TokenUsage(Record):
    """The tokens of one or more answers, as the service counts them. `input` excludes those read from the cache or
    written to it."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
        """The sum of both."""
        return TokenUsage(**{kind: getattr(self, kind) + getattr(other, kind) for kind in TOKEN_KINDS})


TOKEN_KINDS = tuple(TokenUsage.model_fields)


class Turn(Record):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Question(Record):
    """A request to a model: a fixed part, which may be cached, and the turns of the conversation.

    `customers` are in the order of the text. For each of them there is one of `histories` (a hash of the purchases the
    text is based on, without the day) and one of `priors` (the statistical forecast). `key` is the hash of model,
    prompt and text: equal keys, equal questions."""

    key: str
    model: str
    prompt: str
    """The prompt as name@version:hash."""
    as_of: date
    customers: tuple[str, ...]
    histories: tuple[str, ...]
    priors: tuple[str, ...] = ()
    """JSON: for each product, the first and last day of the window, and the confidence that it is bought within."""
    system: str
    turns: tuple[Turn, ...]
    max_output_tokens: int


class Reply(Record):
    """The answer to a question: `text` is JSON if all went well, `cost` is in dollars, `way` says how it was asked."""

    question: str
    model: str
    prompt: str
    way: Literal["on_demand", "batch"]
    text: str
    stop_reason: str
    usage: TokenUsage
    cost: Decimal
    seconds: float
    replied_at: datetime
    run: str = ""


class Failure(Record):
    """Why a question has no reply. `temporary`: asking again later may help."""

    question: str
    reason: str
    detail: str = ""
    temporary: bool


class BatchJob(Record):
    """A Bedrock batch job, as recorded next to its requests. Its `name` follows from its questions."""

    name: str
    model: str
    prompt: str
    as_of: date
    questions: int
    input: str
    output: str
    token: str
    arn: str | None = None
    status: str = "prepared"
    message: str = ""
    submitted_at: datetime | None = None
    collected: int = 0
    failed: int = 0
    done: bool = False
    """Whether its answers have been collected."""

    @property
    def ended(self) -> bool:
        """Whether Bedrock has finished with it, successfully or not."""
        return self.status in ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired")
