"""Single records that are stored as JSON and validated when read: runs, imports, migrations, questions to models.

Tables of rows are in `schemas`; nothing here reads or writes a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Finding:
    """What was noticed about the data, in a sentence, and how many rows (or ids, orders, days) it is about. `hint`
    says what to do. A finding changes no row."""

    code: str
    rows: int
    text: str
    hint: str = ""


class Record(BaseModel):
    """Immutable; unknown fields are refused."""

    # What validates a record is built when one is first read: a command uses few kinds of them
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


StepStatus = Literal["ran", "reused", "pending", "skipped", "failed"]


class StepRecord(Record):
    """What happened to one step of a run. `reason`: why it ran, or that nothing changed. `incomplete`: what it could
    not finish."""

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


class RunRecord(Record):
    """One run: its command and settings, the checkpoints it used and made, and how it ended."""

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
        return next((step for step in self.steps if step.name == name), None)


def run_id_at(started: datetime) -> str:
    """The id of a run that starts at this time. Ids sort by time."""
    return f"{started:%Y%m%dT%H%M%S-%f}"


class ImportedFile(Record):
    """What happened to the rows of one input file. Always: read = accepted + quarantined + known."""

    name: str
    sha256: str
    mapping_key: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    known: int = 0
    newest_day: date | None = None
    source_key: str = ""
    """The source it came from: equal for files whose names differ in digits only."""
    order: str | None = None
    """The order of day, month and year in its dates, if that was in question."""
    decimal_comma: bool | None = None
    """Whether its numbers have a decimal comma, if that was in question."""
    table: str = ""
    """The identity of the table that it is a version of."""
    currencies: dict[str, int] = {}
    """Its good rows by the currency of their amounts (the empty text: not said), if any row says one."""


class ImportBatch(Record):
    """One import. `key` is the key of its checkpoint, `corrected` the number of accepted rows that replace earlier
    ones; `replay` marks an import of rows from the quarantine, `complete` one of everything there is, which withdrew
    `delisted` rows that it lacks. Its checkpoint has `stored` rows and lists `superseded` ids of earlier rows (of omnix
    0.1: accepted rows, of which some are corrected)."""

    key: str
    kind: str
    imported_at: datetime
    files: tuple[ImportedFile, ...]
    corrected: int = 0
    replay: bool = False
    stored: int | None = None
    superseded: int = 0
    complete: bool = False
    delisted: int = 0

    @property
    def accepted(self) -> int:
        return sum(file.accepted for file in self.files)


class MigrationRecord(Record):
    """A copy into tables. Two copies with equal plans are the same copy. `target` are the settings of the store that
    was written to, `undone` the items restored in each table."""

    run_id: str
    plan: dict[str, Any]
    target: dict[str, Any]
    state: Literal["copying", "done", "undoing", "undone"] = "copying"
    started_at: datetime
    finished_at: datetime | None = None
    undone: dict[str, int] = {}


class SegmentProgress(Record):
    """How much of one segment of a table has been copied: everything up to the key `after`."""

    after: str | None = None
    chunks: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    refused: int = 0
    refused_keys: tuple[str, ...] = ()
    read_bytes: int = 0
    target_read_units: int = 0
    write_units: int = 0
    done: bool = False


class TokenUsage(Record):
    """The tokens of one or more answers, as the service counts them. `input` excludes those read from the cache or
    written to it."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
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
    """JSON: for each product, the first and last day of the window, and the chance that it is bought within."""
    system: str
    turns: tuple[Turn, ...]
    max_output_tokens: int


CUT_OFF = "max_tokens"
"""The stop reason of an answer that was too long."""
Way = Literal["on_demand", "batch"]


class Reply(Record):
    """The answer to a question: `text` is JSON if all went well, `cost` is in dollars (the most it can be if the answer
    did not say how many tokens it used), `way` says how it was asked."""

    question: str
    model: str
    prompt: str
    way: Way
    text: str
    stop_reason: str
    usage: TokenUsage
    cost: Decimal
    seconds: float
    replied_at: datetime
    run: str = ""
    max_output_tokens: int = 0
    """The limit that its question had; 0 in replies of omnix 0.1, which did not say."""


class Loss(Record):
    """Dollars that may be on the bill although no answer came: the answer was lost on its way, or cannot be read. Equal
    ids are the same loss."""

    id: str
    run: str
    model: str
    prompt: str
    way: Way
    dollars: Decimal
    noted_at: datetime


NO_BUDGET, NOT_ASKED = UNASKED = ("budget", "not asked")
"""The reasons of questions that no model was asked."""


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
    dearest: Decimal | None = None
    """The most dollars it can cost (jobs of omnix 0.1 do not say)."""
    processed: int | None = None
    """The records that Bedrock has worked on; None where it does not say."""

    @property
    def ended(self) -> bool:
        """Whether Bedrock has finished with it, successfully or not."""
        return self.status in ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired")

    @property
    def attempt(self) -> tuple[date, str]:
        """The day of its questions, and the number at the end of its name if it was not the first with them."""
        return self.as_of, "-".join(self.name.split("-")[3:])

    @property
    def is_unanswered(self) -> bool:
        """Whether it ended without any answer, so that its questions may be handed over again."""
        return self.done and self.collected == 0
