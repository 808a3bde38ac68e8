"""The SQLite file that keeps replies."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.replies.errors import translated_errors
from omnix_cli.stores.replies.rows import (
    IN_LIST,
    KEEP,
    KEEP_ASKED,
    REPLY_COLUMNS,
    TABLES,
    KeptReply,
    as_list,
    instant,
    reply_of,
    row_of,
)


class ReplyTable:
    """Replies in a SQLite file, each with its customers and the shared file it is in. Thread-safe; other processes may
    use the file at the same time."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._writing = threading.RLock()
        with translated_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _connect(path, busy_seconds)

    def close(self) -> None:
        """Closes the file."""
        with self._writing:
            self._database.close()

    def query(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        with self._writing, translated_errors(self._path):
            return self._database.execute(statement, values).fetchall()

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

    def remove(self, questions: Mapping[str, datetime]) -> None:
        """Removes the replies to these questions that came until then, and overwrites their bytes.

        Raises `UnavailableError` when another process keeps old bytes readable."""
        rows = self.query(f"SELECT question, replied_at FROM replies WHERE question {IN_LIST}", as_list(questions))
        gone = [question for question, replied_at in rows if replied_at <= instant(questions[question])]
        if not gone:
            return
        with self._transaction() as database:
            for table in ("asked", "replies"):
                database.execute(f"DELETE FROM {table} WHERE question {IN_LIST}", (as_list(gone),))
        with self._writing, translated_errors(self._path):
            is_busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise UnavailableError(
                f"{self._path} still contains traces of removed replies, because another process is reading it",
                hint="Try again when that process has finished.",
            )

    def unshared(self, count: int) -> list[KeptReply]:
        """Some of the replies that are in no shared file."""
        rows = self.query(f"SELECT {REPLY_COLUMNS} FROM replies WHERE file IS NULL ORDER BY question LIMIT ?", count)
        asked: dict[str, list[Any]] = {row[0]: [] for row in rows}
        customers = f"SELECT question, customer_id, history, prior FROM asked WHERE question {IN_LIST} ORDER BY place"
        for question, *customer in self.query(customers, as_list(asked)):
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
        """Records the shared file that these replies are in."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO files VALUES (?)", (file,))
            database.execute(f"UPDATE replies SET file = ? WHERE question {IN_LIST}", (file, as_list(questions)))

    def files(self, questions: Collection[str] | None = None) -> set[str]:
        """The known shared files, or only those with replies to these questions."""
        if questions is None:
            return {name for (name,) in self.query("SELECT name FROM files")}
        rows = self.query(f"SELECT DISTINCT file FROM replies WHERE question {IN_LIST}", as_list(questions))
        return {name for (name,) in rows if name}

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, translated_errors(self._path), self._database as database:
            database.execute("BEGIN IMMEDIATE")
            yield database


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=busy_seconds, check_same_thread=False)
    try:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a reply that was paid for survives a power cut too
        database.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")
    except sqlite3.Error:
        database.close()
        raise
    return database
