"""The report of an import: its rows by file and by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import orjson
import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import DataError
from omnix_cli.records import Finding
from omnix_cli.steps.imports.binding import INSTANTS, Settled

_TABLES = ("dynamodb:", "sqlite:")
"""The beginnings of the names of inputs that are tables."""


_FOUND = {
    "corrected": ("row replaces an earlier one that says", "rows replace earlier ones that say", " something else"),
    "withdrawn": (
        "earlier row no longer counts: it was",
        "earlier rows no longer count: they were",
        " cancelled, set aside, left out by a later input, or read again with another mapping",
    ),
    "moved": ("line", "lines", " moved to another customer"),
    "reinstated": ("line that was cancelled counts", "lines that were cancelled count", " again"),
    "two_receipts": (
        "line has",
        "lines have",
        " the order id of another receipt of that day, of another customer at another time; both count",
    ),
    "replaced_at_edge": (
        "earlier line of an order that begins or ends a file was",
        "earlier lines of orders that begin or end a file were",
        " replaced; if such an order was cut between two imports, import its files together",
    ),
    "kept_at_edge": (
        "earlier line of an order that begins or ends a file is not in it; it still counts",
        "earlier lines of orders that begin or end a file are not in it; they still count",
        ", since a file may begin or end within an order",
    ),
    "fewer_products": (
        "order came again without some of its products; those still count",
        "orders came again without some of their products; those still count",
        " (whole_orders = true in the mapping withdraws them)",
    ),
    "cancelled_in_file": (
        "line is in a file both as cancelled and not; it counts as one line",
        "lines are in a file both as cancelled and not; they count as one line each",
        ", unless an id or a line number tells them apart",
    ),
    "shared_line_number": (
        "line has the order id and the line number of another line in the same file",
        "lines have the order id and the line number of another line in the same file",
        ", of another customer or time; both count",
    ),
    "joined_at_cut": (
        "line of an order that ends one file and begins another was",
        "lines of orders that end one file and begin another were",
        ' joined (imports.cut_orders = "replace" lets the later file replace the earlier one)',
    ),
    "cancelled_at_cut": (
        "line of an order that ends one file is cancelled at the beginning of another",
        "lines of orders that end one file are cancelled at the beginning of another",
        "; that was taken for news of the order, not for a part of it",
    ),
    "equal_at_cut": (
        "line at such a cut is equal in both files and counts",
        "lines at such a cut are equal in both files and count",
        " once; the files do not tell whether they are two",
    ),
    "placeholders": (
        "row has an order id that only fills its column (0, -, n/a ...); it counts as one without it",
        "rows have an order id that only fills its column (0, -, n/a ...); they count as rows without one",
        "",
    ),
    "order_on_several_days": (
        "order id is",
        "order ids are",
        " on several days; each day counts as an order of its own (order_scope in the mapping)",
    ),
}
"""What can be noticed about how rows belong together, by code: of one, of several, and the rest of the text."""


def findings(counts: Mapping[str, int]) -> Iterator[Finding]:
    """What was noticed, from counts by code."""
    for code, (one, several, rest) in _FOUND.items():
        if counts.get(code):
            yield Finding(code, counts[code], f"{counted(counts[code], one, several)}{rest}")


@dataclass
class FileReport:
    """The rows of one input, counted while it is read: read = accepted + quarantined + known. `expected` rows were
    quarantined by a rule of the mapping, and `bad_before` of the others are in quarantine already; `findings` says what
    was detected about the input."""

    name: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    expected: int = 0
    known: int = 0
    findings: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    newest_day: date | None = None
    placeholders: int = 0
    """Rows whose order id only fills its column."""
    currencies: Counter[str] = field(default_factory=Counter)
    """The good rows by the currency of their amounts; the empty text: not said."""
    settled: Settled = field(default_factory=Settled)
    """How its dates and numbers were read."""
    reasons: list[pl.DataFrame] = field(default_factory=list)
    bad_before: int = 0

    @property
    def new_bad(self) -> int:
        """The rows that are bad, unexpectedly and for the first time."""
        return self.quarantined - self.expected - self.bad_before

    def count(self, rows: pl.DataFrame, bad: pl.DataFrame, kind: str) -> None:
        """Counts canonical rows and quarantine rows of this input."""
        self.read += rows.height + bad.height
        self.quarantined += bad.height
        self.expected += int(bad["expected"].sum())
        if bad.height:
            self.reasons.append(reason_counts(bad))
        if kind in INSTANTS and rows.height:
            newest: date = rows.select(pl.max(INSTANTS[kind][1])).item()
            self.newest_day = max(newest, self.newest_day or newest)


@dataclass(frozen=True)
class ReasonCount:
    """The rows quarantined for one reason, with the position and value of the first one."""

    reason: str
    column: str | None
    expected: bool
    rows: int
    example: str


@dataclass(frozen=True)
class ImportReport:
    """An import in numbers. `accepted` rows include corrections, `quarantined` ones include those `expected` by a rule
    of the mapping, `known` ones were imported before. `batch` is the key of its checkpoint, None if nothing was
    imported."""

    kind: str
    files: tuple[FileReport, ...]
    reasons: tuple[ReasonCount, ...]
    corrected: int = 0
    newest_day: date | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What was noticed about this import."""
    advice: tuple[Finding, ...] = ()
    """What was noticed about all rows after it."""
    batch: str | None = None
    dry_run: bool = False
    refused: bool = False
    """Whether it exceeded a limit: nothing was imported."""

    @property
    def read(self) -> int:
        return sum(file.read for file in self.files)

    @property
    def accepted(self) -> int:
        return sum(file.accepted for file in self.files)

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in self.files)

    @property
    def expected(self) -> int:
        return sum(file.expected for file in self.files)

    @property
    def known(self) -> int:
        return sum(file.known for file in self.files)

    @property
    def bad_share(self) -> float:
        """The share of the rows read that were quarantined unexpectedly."""
        return (self.quarantined - self.expected) / self.read if self.read else 0.0


class ImportRefused(DataError):
    """An import that exceeded a limit: nothing was imported. `report` has the counts, `broken` the files that alone are
    to blame, each with its reason."""

    def __init__(self, message: str, hint: str, report: ImportReport, broken: Mapping[str, str] | None = None) -> None:
        super().__init__(message, hint=f"Nothing was imported. {hint}")
        self.broken: Mapping[str, str] = broken or {}
        self.report: ImportReport = replace(report, refused=True)


def reason_counts(quarantine: pl.DataFrame) -> pl.DataFrame:
    """Quarantine rows counted by reason, most frequent first, each with its first example."""
    return _summed(quarantine.sort("file", "row_number", "item").with_columns(rows=pl.lit(1, pl.Int64)))


def merged_reasons(parts: Sequence[pl.DataFrame]) -> tuple[ReasonCount, ...]:
    """Adds up counts by reason."""
    return tuple(
        ReasonCount(row["reason"], row["column"], row["expected"], row["rows"], _example(row))
        for row in (_summed(pl.concat(parts)).iter_rows(named=True) if parts else ())
    )


def _summed(counts: pl.DataFrame) -> pl.DataFrame:
    return (
        counts.group_by("reason", "column", "expected", maintain_order=True)
        .agg(pl.col("rows").sum(), pl.col("file", "row_number", "value", "row").first())
        .sort("expected", -pl.col("rows"), "reason", "column")
    )


def _example(row: Mapping[str, Any]) -> str:
    """File and line (for an item of a table, its key, which is the first attribute of its row), and the value."""
    name, key = next(iter(orjson.loads(row["row"]).items()))
    is_item = row["file"].startswith(_TABLES) and name != "line"
    position = f" {name}={key}" if is_item else f":{row['row_number']}"
    return f"{row['file']}{position}" + ("" if row["value"] is None else f": {row['value']}")
