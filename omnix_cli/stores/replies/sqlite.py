"""The replies of models in one SQLite file, each on disk before anybody hears of it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from omnix_cli.errors import CorruptCheckpoint, OmnixError, UnavailableError
from omnix_cli.records import Question, Reply
from omnix_cli.stores.replies.rows import (
    IN_LIST,
    KEEP,
    KEEP_ASKED,
    REPLY_COLUMNS,
    TABLES,
    TOTALS,
    TOTALS_COLUMNS,
    WHO_WAS_ASKED,
    as_list,
    instant,
    kept_reply,
    reply_of,
    row_of,
)
from omnix_cli.stores.replies.shared import KeptReply, SharedAnswers
from omnix_cli.stores.workspace.files import disk_errors
from omnix_cli.stores.workspace.folders import Folder

TRANSACTION_REPLIES = 500
"""Replies written at once: enough to be fast, few enough to lose no more when the process is killed."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiting:
    """A reply on its way to the disk."""

    kept: KeptReply
    is_done: bool = False
    error: Exception | None = None


class SqliteAnswers:
    """Implements `protocols.AnswerLedger`. Several threads and processes may use the file at once.

    Replies that several threads hand in at a time are written in one transaction. With a `shared` folder the replies
    of other machines come from there at opening, and new ones go there now and then and at closing."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        shared: Folder | None = None,
        clock: Callable[[], float] = time.monotonic,
        busy_seconds: float = 30.0,
    ) -> None:
        self._path = path
        self._now = now
        self._busy_seconds = busy_seconds
        self._writing = threading.RLock()
        self._queue: deque[_Waiting] = deque()
        with self._s3_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._connect()
        self._shared = SharedAnswers(shared, self, clock=clock) if shared else None
        if self._shared:
            self._shared.fetch()

    def __enter__(self) -> SqliteAnswers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OmnixError as trouble:
            if error is None:
                raise
            _log.warning("replies stay on this machine for now: %s", trouble.message)

    def keep(self, reply: Reply, question: Question) -> None:
        """Keeps a reply; on disk when this returns. The same question again changes nothing."""
        waiting = _Waiting(kept_reply(reply, question))
        self._queue.append(waiting)
        with self._writing:
            if not waiting.is_done:  # whoever writes, writes for all who wait by then
                self._write_queue()
        if waiting.error:
            raise waiting.error
        if self._shared:
            self._shared.send_if_due(1)

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        """Keeps many in transactions of TRANSACTION_REPLIES."""
        kept = (kept_reply(reply, question) for reply, question in answered)
        while together := list(islice(kept, TRANSACTION_REPLIES)):
            self.add(together)
            if self._shared:
                self._shared.send_if_due(len(together))

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        """The replies to these questions that there are."""
        rows = self.rows(f"SELECT {REPLY_COLUMNS} FROM replies WHERE question {IN_LIST}", as_list(questions))
        return {row[0]: reply_of(row) for row in rows}

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        """Who was asked about in these days, newest first for each customer."""
        rows = self.rows(WHO_WAS_ASKED, model, prompt, since.isoformat(), until.isoformat())
        columns = ("customer_id", "history", "prior", "question", "as_of")
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
        return frame.with_columns(pl.col("as_of").str.to_date("%Y-%m-%d"))

    def spent(self, *, since: datetime) -> Decimal:
        """The dollars of replies since then."""
        rows = self.rows("SELECT cost FROM replies WHERE replied_at >= ?", instant(since))
        return sum((Decimal(cost) for (cost,) in rows), Decimal(0))

    def totals(self) -> pl.DataFrame:
        """Replies, tokens and dollars by run, model, prompt and way, newest run first."""
        return pl.DataFrame(self.rows(TOTALS), schema=TOTALS_COLUMNS, orient="row")

    def seconds_per_reply(self, *, model: str) -> float | None:
        """How long a model took on demand, in the mean; None when nothing is known."""
        mean = self.rows("SELECT AVG(seconds) FROM replies WHERE model = ? AND way = 'on_demand'", model)[0][0]
        return None if mean is None else float(mean)

    def forget(self, customer_id: str) -> int:
        """Removes the replies in which a customer stood; returns how many. See `drop`."""
        if self._shared:
            self._shared.fetch()
        rows = self.rows("SELECT DISTINCT question FROM asked WHERE customer_id = ?", customer_id)
        questions = [question for (question,) in rows]
        self.drop(questions)
        return len(questions)

    def drop(self, questions: Collection[str]) -> None:
        """Removes the replies to these questions, here and in the shared folder, so that they can be asked again.

        Their bytes are overwritten, and the log of the file is emptied; raises `UnavailableError` when another
        process holds that up."""
        if self._shared:
            self._shared.forget(questions, self._now())
        self.remove(dict.fromkeys(questions, datetime.max.replace(tzinfo=UTC)))

    def close(self) -> None:
        """Hands new replies to the other machines, and lets go of the file."""
        try:
            if self._shared:
                self._shared.send()
        finally:
            with self._writing:
                self._database.close()

    def add(self, kept: Iterable[KeptReply], file: str | None = None) -> None:
        """Adds replies in one transaction, with the shared file they are from."""
        with self._transaction() as database:
            for one in kept:
                if database.execute(KEEP, (*row_of(one), file)).rowcount:
                    told = enumerate(zip(one.customers, one.histories, one.priors, strict=True))
                    database.executemany(
                        KEEP_ASKED, [(one.reply.question, place, *customer) for place, customer in told]
                    )
            if file:
                database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))

    def unshared(self, count: int) -> list[KeptReply]:
        """Some replies that are in no shared file yet."""
        rows = self.rows(f"SELECT {REPLY_COLUMNS} FROM replies WHERE file IS NULL ORDER BY question LIMIT ?", count)
        asked: dict[str, list[Any]] = {row[0]: [] for row in rows}
        told = f"SELECT question, customer_id, history, prior FROM asked WHERE question {IN_LIST} ORDER BY place"
        for question, *customer in self.rows(told, as_list(asked)):
            asked[question].append(customer)
        return [
            KeptReply(
                reply_of(row),
                date.fromisoformat(row[-1]),
                *(tuple(customer[part] for customer in asked[row[0]]) for part in range(3)),
            )
            for row in rows
        ]

    def set_file(self, questions: Collection[str], file: str) -> None:
        """Notes in which shared file these replies are."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))
            database.execute(f"UPDATE replies SET file = ? WHERE question {IN_LIST}", (file, as_list(questions)))

    def files(self, questions: Collection[str] | None = None) -> set[str]:
        """The shared files that are known, or those that hold the replies to these questions."""
        if questions is None:
            return {name for (name,) in self.rows("SELECT name FROM files")}
        found = self.rows(f"SELECT DISTINCT file FROM replies WHERE question {IN_LIST}", as_list(questions))
        return {name for (name,) in found if name}

    def remove(self, questions: Mapping[str, datetime]) -> None:
        """Removes the replies to these questions that came until then, and overwrites their bytes."""
        rows = self.rows(f"SELECT question, replied_at FROM replies WHERE question {IN_LIST}", as_list(questions))
        gone = [question for question, replied_at in rows if replied_at <= instant(questions[question])]
        if not gone:
            return
        with self._transaction() as database:
            for table in ("asked", "replies"):
                database.execute(f"DELETE FROM {table} WHERE question {IN_LIST}", (as_list(gone),))
        with self._writing, self._s3_errors():
            is_busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise UnavailableError(
                f"{self._path} still holds traces of what was removed, since another process is reading it",
                hint="Try again when it is done.",
            )

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """What a query finds."""
        with self._writing, self._s3_errors():
            return self._database.execute(statement, values).fetchall()

    def _write_queue(self) -> None:
        together = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            self.add(waiting.kept for waiting in together)
        except Exception as error:
            for waiting in together:
                waiting.error = error
        for waiting in together:
            waiting.is_done = True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, self._s3_errors(), self._database as database:
            database.execute("BEGIN IMMEDIATE")
            yield database

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._path, isolation_level=None, timeout=self._busy_seconds, check_same_thread=False
        )
        try:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")  # a reply that was paid for survives a power cut too
            database.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")
        except sqlite3.Error:
            database.close()
            raise
        return database

    @contextmanager
    def _s3_errors(self) -> Iterator[None]:
        with disk_errors(self._path.parent):
            try:
                yield
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
                if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    hint = "Try again when the other process is done."
                    raise UnavailableError(f"{self._path} is in use: {error}", hint=hint) from error
                if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                    raise CorruptCheckpoint(
                        f"the replies of models in {self._path} cannot be read: {error}",
                        hint="Put the file back from a copy, or move it away: what is not known is asked again.",
                    ) from error
                if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
                    raise OSError(str(error)) from error
                raise
