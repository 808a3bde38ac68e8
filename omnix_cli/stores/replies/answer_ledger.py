"""The ledger of replies: on disk before anybody uses them, and shared with other machines."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import OmnixError
from omnix_cli.records import Question, Reply
from omnix_cli.stores.replies.reply_table import ReplyTable
from omnix_cli.stores.replies.rows import (
    IN_LIST,
    REPLY_COLUMNS,
    TOTALS,
    TOTALS_COLUMNS,
    WHO_WAS_ASKED,
    KeptReply,
    as_list,
    kept_reply,
    reply_of,
)
from omnix_cli.stores.replies.shared import FILE_REPLIES, SharedReplies
from omnix_cli.stores.workspace.folders import Folder

TRANSACTION_REPLIES = 500
"""Replies to write in one transaction: enough to be fast, few enough to lose little when the process is killed."""

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiting:
    """A reply that waits to be written."""

    kept: KeptReply
    is_done: bool = False
    error: Exception | None = None


class SqliteAnswers:
    """Implements `protocols.AnswerLedger` with a SQLite file. Several threads and processes may use it at once.

    Replies that several threads keep at the same time are written in one transaction. With a `shared` folder, the
    replies of other machines are read from it when the ledger is opened; new ones are written to it every
    `file_replies` replies or 20 seconds, and on closing."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        shared: Folder | None = None,
        clock: Callable[[], float] = time.monotonic,
        busy_seconds: float = 30.0,
        file_replies: int = FILE_REPLIES,
    ) -> None:
        self._now = now
        self._writing = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._table = ReplyTable(path, busy_seconds=busy_seconds)
        self._shared = SharedReplies(shared, self._table, clock=clock, file_replies=file_replies) if shared else None
        if self._shared:
            self._shared.fetch()

    def __enter__(self) -> SqliteAnswers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OmnixError as failure:
            if error is None:
                raise
            _log.warning("new replies are not shared yet: %s", failure.message)

    def keep(self, reply: Reply, question: Question) -> None:
        """Keeps a reply; it is on disk when this returns. Keeping the same question again changes nothing."""
        waiting = _Waiting(kept_reply(reply, question))
        self._queue.append(waiting)
        with self._writing:
            if not waiting.is_done:  # whoever writes, writes for all that wait
                self._write_queue()
        if waiting.error:
            raise waiting.error
        if self._shared:
            self._shared.send_if_due(1)

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        """Keeps many replies, TRANSACTION_REPLIES at a time."""
        for together in batched((kept_reply(*one) for one in answered), TRANSACTION_REPLIES):
            self._table.add(together)
            if self._shared:
                self._shared.send_if_due(len(together))

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        """The replies to these questions, by key; questions without a reply are left out."""
        rows = self._table.query(f"SELECT {REPLY_COLUMNS} FROM replies WHERE question {IN_LIST}", as_list(questions))
        return {row[0]: reply_of(row) for row in rows}

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        """The customers in the questions of these days, newest first for each customer."""
        rows = self._table.query(WHO_WAS_ASKED, model, prompt, since.isoformat(), until.isoformat())
        columns = ("customer_id", "history", "prior", "question", "as_of")
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
        return frame.with_columns(pl.col("as_of").str.to_date("%Y-%m-%d"))

    def totals(self) -> pl.DataFrame:
        """Replies, tokens and dollars by run, model, prompt and mode, newest run first."""
        return pl.DataFrame(self._table.query(TOTALS), schema=TOTALS_COLUMNS, orient="row")

    def seconds_per_reply(self, *, model: str) -> float | None:
        """How long a model takes to answer on demand, on average; None when nothing is known."""
        mean = self._table.query("SELECT AVG(seconds) FROM replies WHERE model = ? AND way = 'on_demand'", model)[0][0]
        return None if mean is None else float(mean)

    def forget(self, customer_id: str) -> int:
        """Removes all replies to questions about a customer and returns their number. See `drop`."""
        if self._shared:
            self._shared.fetch()
        rows = self._table.query("SELECT DISTINCT question FROM asked WHERE customer_id = ?", customer_id)
        questions = [question for (question,) in rows]
        self.drop(questions)
        return len(questions)

    def drop(self, questions: Collection[str]) -> None:
        """Removes the replies to these questions, here and in the shared folder, so that they can be asked again.

        Overwrites their bytes and empties the write-ahead log. Raises `UnavailableError` when another process prevents
        that."""
        if self._shared:
            self._shared.drop(questions, self._now())
        self._table.remove(dict.fromkeys(questions, datetime.max.replace(tzinfo=UTC)))

    def close(self) -> None:
        """Shares new replies and closes the file."""
        try:
            if self._shared:
                self._shared.send()
        finally:
            self._table.close()

    def _write_queue(self) -> None:
        together = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            self._table.add(waiting.kept for waiting in together)
        except Exception as error:
            for waiting in together:
                waiting.error = error
        for waiting in together:
            waiting.is_done = True
