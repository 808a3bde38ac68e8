"""The ledger of replies: on disk before anybody uses them, and shared with other machines."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import OmnixError
from omnix_cli.records import Loss, Question, Reply
from omnix_cli.stores.replies.reply_table import (
    IN_LIST,
    REPLIES_ABOUT,
    REPLY_COLUMNS,
    TOTALS,
    TOTALS_COLUMNS,
    WHO_WAS_ASKED,
    KeptReply,
    ReplyTable,
    as_list,
    instant,
    kept_reply,
    reply_of,
)
from omnix_cli.stores.replies.shared import FILE_REPLIES, SharedReplies
from omnix_cli.stores.workspace.folders import Folder

TRANSACTION_REPLIES = 500
"""Replies to write in one transaction: enough to be fast, few enough to lose little when the process is killed."""

_log = logging.getLogger(__name__)


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
        self._queue: deque[tuple[KeptReply, Future[None]]] = deque()
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
        written: Future[None] = Future()
        self._queue.append((kept_reply(reply, question), written))
        with self._writing:
            if not written.done():  # whoever writes, writes for all that wait
                self._write_queue()
        written.result()
        if self._shared:
            self._shared.send_if_due(1)

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        for together in batched((kept_reply(*one) for one in answered), TRANSACTION_REPLIES):
            self._table.add(together)
            if self._shared:
                self._shared.send_if_due(len(together))

    def keep_loss(self, loss: Loss) -> None:
        self._table.add_losses([loss])

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        rows = self._table.query(f"SELECT {REPLY_COLUMNS} FROM replies WHERE question {IN_LIST}", as_list(questions))
        with self._table.readable():
            return {row[0]: reply_of(row) for row in rows}

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        rows = self._table.query(WHO_WAS_ASKED, model, prompt, since.isoformat(), until.isoformat())
        columns = ("customer_id", "history", "prior", "question", "as_of")
        with self._table.readable():
            frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
            return frame.with_columns(pl.col("as_of").str.to_date("%Y-%m-%d"))

    def totals(self) -> pl.DataFrame:
        rows = self._table.query(TOTALS)
        with self._table.readable():
            return pl.DataFrame(rows, schema=TOTALS_COLUMNS, orient="row")

    def seconds_per_reply(self, *, model: str) -> float | None:
        mean = self._table.query("SELECT AVG(seconds) FROM replies WHERE model = ? AND way = 'on_demand'", model)[0][0]
        with self._table.readable():
            return None if mean is None else float(mean)

    def forget(self, customer_id: str) -> int:
        if self._shared:
            self._shared.fetch()
        rows = self._table.query("SELECT DISTINCT question FROM asked WHERE customer_id = ?", customer_id)
        questions = [question for (question,) in rows]
        self.drop(questions)
        return len(questions)

    def about(self, customer_id: str) -> list[tuple[Reply, str]]:
        """The replies to questions about a customer, each with the day it was asked for."""
        rows = self._table.query(REPLIES_ABOUT, customer_id)
        with self._table.readable():
            return [(reply_of(row), str(row[-1])) for row in rows]

    def drop_before(self, moment: datetime, *, dry_run: bool = False) -> int:
        """Removes the replies that came before a time, for good, unless `dry_run`; returns how many."""
        rows = self._table.query("SELECT question FROM replies WHERE replied_at < ?", instant(moment))
        questions = [question for (question,) in rows]
        if questions and not dry_run:
            self.drop(questions)
        return len(questions)

    def overwrite_deleted(self) -> None:
        """Writes the file anew, so that it has no bytes of replies that were removed."""
        self._table.overwrite_deleted()

    def drop(self, questions: Collection[str]) -> None:
        """Removes these replies, here and in the shared folder, and overwrites their bytes. Raises `UnavailableError`
        when another process prevents that."""
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
            self._table.add(kept for kept, _ in together)
        except BaseException as error:
            for _, written in together:
                written.set_exception(error)
        else:
            for _, written in together:
                written.set_result(None)
