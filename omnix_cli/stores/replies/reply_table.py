"""The SQLite file that keeps replies: its tables and statements, and records as rows and back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

from omnix_cli.errors import CorruptCheckpoint, UnavailableError
from omnix_cli.records import TOKEN_KINDS, Loss, Question, Reply
from omnix_cli.stores.sqlite.errors import SqliteFile, readable, rebuild, translated
from omnix_cli.stores.workspace.files import disk_errors
from omnix_cli.stores.workspace.private import create_private, private_folder

REPLIES_FILE = SqliteFile(
    "the replies of models in",
    CorruptCheckpoint,
    damaged_hint="Restore the file from a backup, or move it away: missing answers are asked for again.",
)
TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    question TEXT PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, as_of TEXT NOT NULL, way TEXT NOT NULL,
    stop_reason TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL, cost TEXT NOT NULL, seconds REAL NOT NULL, replied_at TEXT NOT NULL,
    run TEXT NOT NULL, file TEXT, text TEXT NOT NULL, max_output_tokens INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS replies_by_day ON replies (model, prompt, as_of, replied_at);
CREATE INDEX IF NOT EXISTS replies_by_time ON replies
    (replied_at, run, model, prompt, way, input, output, cache_read, cache_write, cost);
CREATE INDEX IF NOT EXISTS replies_by_file ON replies (file);
CREATE TABLE IF NOT EXISTS asked (
    question TEXT NOT NULL, place INTEGER NOT NULL, customer_id TEXT NOT NULL, history TEXT NOT NULL,
    prior TEXT NOT NULL, PRIMARY KEY (question, place));
CREATE INDEX IF NOT EXISTS asked_by_customer ON asked (customer_id);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS losses (
    id TEXT PRIMARY KEY, run TEXT NOT NULL, model TEXT NOT NULL, prompt TEXT NOT NULL, way TEXT NOT NULL,
    dollars TEXT NOT NULL, noted_at TEXT NOT NULL, file TEXT);
"""
REPLY_COLUMNS = (
    "question, model, prompt, way, text, stop_reason, input, output, cache_read, cache_write, cost, seconds, "
    "replied_at, run, max_output_tokens, as_of"
)
REPLIES_ABOUT = (
    f"SELECT {REPLY_COLUMNS} FROM replies WHERE question IN (SELECT question FROM asked WHERE customer_id = ?)"
    " ORDER BY replied_at, question"
)
KEEP = f"INSERT OR IGNORE INTO replies ({REPLY_COLUMNS}, file) VALUES ({', '.join('?' * 17)})"
KEEP_ASKED = "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?)"
IN_LIST = "IN (SELECT value FROM json_each(?))"
CUSTOMERS_OF = f"SELECT question, customer_id, history, prior FROM asked WHERE question {IN_LIST} ORDER BY place"
WHO_WAS_ASKED = """
SELECT customer_id, history, prior, question, as_of FROM replies JOIN asked USING (question)
WHERE model = ? AND prompt = ? AND as_of BETWEEN ? AND ?
ORDER BY customer_id, as_of DESC, replied_at DESC, question
"""
LOSS_COLUMNS = ("id", "run", "model", "prompt", "way", "dollars", "noted_at")
TOTALS = """
SELECT run, model, prompt, REPLACE(way, '_', ' '), SUM(replies), SUM(input), SUM(output), SUM(cache_read),
    SUM(cache_write), SUM(cost), SUM(lost)
FROM (SELECT run, model, prompt, way, 1 AS replies, input, output, cache_read, cache_write,
        CAST(cost AS REAL) AS cost, 0.0 AS lost, replied_at AS at FROM replies
    UNION ALL SELECT run, model, prompt, way, 0, 0, 0, 0, 0, 0.0, CAST(dollars AS REAL), noted_at FROM losses)
GROUP BY run, model, prompt, way ORDER BY MAX(at) DESC, run DESC, model, prompt, way
"""
TOTALS_COLUMNS = {
    **dict.fromkeys(("run", "model", "prompt", "mode"), pl.String),
    **dict.fromkeys(("replies", *(f"{kind}_tokens" for kind in TOKEN_KINDS)), pl.Int64),
    **dict.fromkeys(("cost", "may_have_been_billed"), pl.Float64),
}


class KeptReply(NamedTuple):
    """A reply, and what is kept of its question."""

    reply: Reply
    as_of: date
    customers: tuple[str, ...]
    histories: tuple[str, ...]
    priors: tuple[str, ...]

    def is_newer(self, dropped: Mapping[str, datetime]) -> bool:
        """Whether the reply came after its question was dropped, if it was."""
        moment = dropped.get(self.reply.question)
        return moment is None or self.reply.replied_at > moment


def kept_reply(reply: Reply, question: Question) -> KeptReply:
    """A reply with the customers of its question."""
    priors = question.priors or ("",) * len(question.customers)
    return KeptReply(reply, question.as_of, question.customers, question.histories, priors)


def row_of(kept: KeptReply) -> Sequence[Any]:
    """The values for REPLY_COLUMNS."""
    reply, usage = kept.reply, kept.reply.usage
    return (
        reply.question, reply.model, reply.prompt, reply.way, reply.text, reply.stop_reason,
        usage.input, usage.output, usage.cache_read, usage.cache_write,
        str(reply.cost), reply.seconds, instant(reply.replied_at), reply.run, reply.max_output_tokens,
        kept.as_of.isoformat(),
    )  # fmt: skip


def reply_of(row: Sequence[Any]) -> Reply:
    """The reply in a row of REPLY_COLUMNS."""
    values = dict(zip(REPLY_COLUMNS.split(", ")[:-1], row, strict=False))
    usage = {kind: values.pop(kind) for kind in TOKEN_KINDS}
    return Reply.model_validate({**values, "usage": usage})


def as_list(values: Iterable[str]) -> str:
    """A list of any length as the one value of IN_LIST."""
    return orjson.dumps(list(values)).decode()


def instant(moment: datetime) -> str:
    """A time as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class ReplyTable:
    """Replies in a SQLite file, each with its customers and the shared file it is in. Thread-safe; other processes may
    use the file at the same time."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._writing = threading.RLock()
        with disk_errors(path.parent), translated(path, REPLIES_FILE):
            private_folder(path.parent)
            create_private(path)
            self._database = _connect(path, busy_seconds)

    def close(self) -> None:
        """Closes the file."""
        with self._writing:
            self._database.close()

    def query(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        with self._writing, translated(self._path, REPLIES_FILE):
            return self._database.execute(statement, values).fetchall()

    def readable(self) -> AbstractContextManager[None]:
        """Turns what rows raise that omnix never wrote into an error that names the file."""
        return readable(self._path, REPLIES_FILE)

    def add(self, kept: Iterable[KeptReply], file: str | None = None) -> None:
        """Adds replies in one transaction. `file` is the shared file they come from."""
        with self._transaction() as database:
            for one in kept:
                if database.execute(KEEP, (*row_of(one), file)).rowcount:
                    customers = enumerate(zip(one.customers, one.histories, one.priors, strict=True))
                    database.executemany(
                        KEEP_ASKED, [(one.reply.question, place, *customer) for place, customer in customers]
                    )
            if file:
                database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))

    def add_losses(self, losses: Iterable[Loss], file: str | None = None) -> None:
        """Adds losses that are new. `file` is the shared file they come from."""
        with self._transaction() as database:
            for loss in losses:
                values = (*(str(getattr(loss, name)) for name in LOSS_COLUMNS[:-1]), instant(loss.noted_at), file)
                database.execute("INSERT OR IGNORE INTO losses VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            if file:
                database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))

    def unshared_losses(self) -> list[Loss]:
        """The losses that are in no shared file."""
        rows = self.query(f"SELECT {', '.join(LOSS_COLUMNS)} FROM losses WHERE file IS NULL ORDER BY id")
        return [Loss.model_validate(dict(zip(LOSS_COLUMNS, row, strict=True))) for row in rows]

    def remove(self, questions: Mapping[str, datetime]) -> None:
        """Removes the replies to these questions that came until then, and overwrites their bytes. Raises
        `UnavailableError` when another process keeps old bytes readable."""
        rows = self.query(f"SELECT question, replied_at FROM replies WHERE question {IN_LIST}", as_list(questions))
        gone = [question for question, replied_at in rows if replied_at <= instant(questions[question])]
        if not gone:
            return
        with self._transaction() as database:
            for table in ("asked", "replies"):
                database.execute(f"DELETE FROM {table} WHERE question {IN_LIST}", (as_list(gone),))
        with self._writing, translated(self._path, REPLIES_FILE):
            is_busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            message = f"{self._path} still contains traces of removed replies, because another process is reading it"
            raise UnavailableError(message, hint="Try again when that process has finished.")

    def overwrite_deleted(self) -> None:
        """Writes the file anew, without what was removed. Raises `UnavailableError` while another process reads it."""
        with self._writing, translated(self._path, REPLIES_FILE):
            rebuild(self._database, self._path, REPLIES_FILE)

    def unshared(self, count: int) -> list[KeptReply]:
        """Some of the replies that are in no shared file."""
        rows = self.query(f"SELECT {REPLY_COLUMNS} FROM replies WHERE file IS NULL ORDER BY question LIMIT ?", count)
        with self.readable():
            asked: dict[str, list[Any]] = {row[0]: [] for row in rows}
            for question, *customer in self.query(CUSTOMERS_OF, as_list(asked)):
                asked[question].append(customer)
            parts = {question: [tuple(part) for part in zip(*asked[question], strict=True)] for question in asked}
            return [KeptReply(reply_of(row), date.fromisoformat(row[-1]), *(parts[row[0]] or [()] * 3)) for row in rows]

    def set_file(self, questions: Collection[str], file: str) -> None:
        """Records the shared file that these replies are in."""
        self._set_file("replies", "question", questions, file)

    def set_losses_file(self, losses: Collection[str], file: str) -> None:
        """Records the shared file that these losses are in."""
        self._set_file("losses", "id", losses, file)

    def files(self, questions: Collection[str] | None = None) -> set[str]:
        """The known shared files, or only those with replies to these questions."""
        if questions is None:
            return {name for (name,) in self.query("SELECT name FROM files")}
        rows = self.query(f"SELECT DISTINCT file FROM replies WHERE question {IN_LIST}", as_list(questions))
        return {name for (name,) in rows if name}

    def _set_file(self, table: str, column: str, ids: Collection[str], file: str) -> None:
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))
            database.execute(f"UPDATE {table} SET file = ? WHERE {column} {IN_LIST}", (file, as_list(ids)))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, translated(self._path, REPLIES_FILE), self._database as database:
            database.execute("BEGIN IMMEDIATE")
            yield database


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=busy_seconds, check_same_thread=False)
    try:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a reply that was paid for survives a power cut too
        database.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")
        _add_new_columns(database)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _add_new_columns(database: sqlite3.Connection) -> None:
    """Adds what a file of omnix 0.1 lacks."""
    database.execute("BEGIN IMMEDIATE")
    if "max_output_tokens" not in {row[1] for row in database.execute("PRAGMA table_info(replies)")}:
        database.execute("ALTER TABLE replies ADD COLUMN max_output_tokens INTEGER NOT NULL DEFAULT 0")
    database.execute("COMMIT")
