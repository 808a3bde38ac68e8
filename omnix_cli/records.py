"""Single records with validation: what is not a frame but still has to be right."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

StepStatus = Literal["ran", "reused", "pending", "skipped"]


class Record(BaseModel):
    """Immutable; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StepRecord(Record):
    """What became of one step in a run. `reason` says why it ran, or that nothing changed; `incomplete` what it could
    not do of all it should."""

    name: str
    key: str
    status: StepStatus
    reason: str
    incomplete: str = ""
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    figures: dict[str, int | float | str] = {}


def run_id_at(started: datetime) -> str:
    """The id of what began at that instant; ids sort by time."""
    return f"{started:%Y%m%dT%H%M%S-%f}"


class RunRecord(Record):
    """One run: what it was asked, what it used and made, and how it ended."""

    run_id: str
    command: str
    status: Literal["running", "done", "failed", "interrupted", "killed"]
    exit_code: int | None = None
    error: str | None = None
    as_of: date
    started_at: datetime
    finished_at: datetime | None = None
    settings: dict[str, Any]
    sources: dict[str, str]
    source_rows: dict[str, int] = {}
    steps: tuple[StepRecord, ...] = ()
    tools: dict[str, str] = {}
    host: str = ""
    process: int = 0

    def step(self, name: str) -> StepRecord | None:
        """The step of that name, if this run had it."""
        return next((step for step in self.steps if step.name == name), None)


class ImportedFile(Record):
    """What became of the rows of one input file: read = accepted + quarantined + known, always."""

    name: str
    sha256: str
    mapping_key: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    known: int = 0
    newest_day: date | None = None


class ImportBatch(Record):
    """One import as the ledger remembers it; `key` is that of its checkpoint. `corrected` of the accepted rows took
    the place of earlier ones; `replay` says that the rows came out of the quarantine."""

    key: str
    kind: str
    imported_at: datetime
    files: tuple[ImportedFile, ...]
    corrected: int = 0
    replay: bool = False

    @property
    def accepted(self) -> int:
        """The rows this import added to the ledger."""
        return sum(file.accepted for file in self.files)


class MigrationRecord(Record):
    """A copy into tables: what it was asked (equal plans are the same copy), the settings of the store it wrote to, how
    it stands, and how many of its images were put back, by table."""

    run_id: str
    plan: dict[str, Any]
    target: dict[str, Any]
    state: Literal["copying", "done", "undoing", "undone"] = "copying"
    started_at: datetime
    finished_at: datetime | None = None
    undone: dict[str, int] = {}


class SegmentProgress(Record):
    """How far one segment of a table is: everything up to the key `after` was copied, in so many chunks."""

    after: str | None = None
    chunks: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_keys: tuple[str, ...] = ()
    read_bytes: int = 0
    write_units: int = 0
    done: bool = False


class TokenUsage(Record):
    """Tokens of one or several answers, as the service counts them. `input` does not include those of the cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
        """Both together."""
        return TokenUsage(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
        )


class Turn(Record):
    """What one side said."""

    role: Literal["user", "assistant"]
    text: str


class Question(Record):
    """What a model is asked: a fixed part, which may be cached, and the turns of the conversation. `customers` are in
    the order in which they stand in the text, `histories` what each one's part rests on (without the day), `priors`
    what the statistics said of each one's products, `key` the hash of model, prompt and text: equal keys, equal
    questions."""

    key: str
    model: str
    prompt: str
    """The prompt as name@version:hash."""
    as_of: date
    customers: tuple[str, ...]
    histories: tuple[str, ...]
    priors: tuple[str, ...] = ()
    """JSON: product to the first and last day of the window, and the confidence that the purchase falls into it."""
    system: str
    turns: tuple[Turn, ...]
    max_output_tokens: int


class Reply(Record):
    """What came back for a question; `text` is JSON if all went well. `cost` is in dollars."""

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
    """Why a question got no reply. `temporary`: it may get one later."""

    question: str
    reason: str
    detail: str = ""
    temporary: bool


class BatchJob(Record):
    """A batch job, as its record beside its requests says; `name` is derived from its questions."""

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
    """Its answers are in the ledger, as far as there are any."""

    @property
    def ended(self) -> bool:
        """Whether the service will do no more of it."""
        return self.status in ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired")
