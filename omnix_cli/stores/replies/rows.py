"""Replies as rows of SQLite: the tables, the statements, and how records become rows and rows become records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
import polars as pl

from omnix_cli.records import TOKEN_KINDS, Question, Reply, TokenUsage

TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    question TEXT PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, as_of TEXT NOT NULL, way TEXT NOT NULL,
    stop_reason TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL, cost TEXT NOT NULL, seconds REAL NOT NULL, replied_at TEXT NOT NULL,
    run TEXT NOT NULL, file TEXT, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS replies_by_day ON replies (model, prompt, as_of, replied_at);
CREATE INDEX IF NOT EXISTS replies_by_time ON replies
    (replied_at, run, model, prompt, way, input, output, cache_read, cache_write, cost);
CREATE INDEX IF NOT EXISTS replies_by_file ON replies (file);
CREATE TABLE IF NOT EXISTS asked (
    question TEXT NOT NULL, place INTEGER NOT NULL, customer_id TEXT NOT NULL, history TEXT NOT NULL,
    prior TEXT NOT NULL, PRIMARY KEY (question, place)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_by_customer ON asked (customer_id);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
REPLY_COLUMNS = (
    "question, model, prompt, way, text, stop_reason, input, output, cache_read, cache_write, cost, seconds, "
    "replied_at, run, as_of"
)
KEEP = f"INSERT OR IGNORE INTO replies ({REPLY_COLUMNS}, file) VALUES ({', '.join('?' * 16)})"
KEEP_ASKED = "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?)"
IN_LIST = "IN (SELECT value FROM json_each(?))"
WHO_WAS_ASKED = """
SELECT customer_id, history, prior, question, as_of FROM replies JOIN asked USING (question)
WHERE model = ? AND prompt = ? AND as_of BETWEEN ? AND ?
ORDER BY customer_id, as_of DESC, replied_at DESC, question
"""
TOTALS = """
SELECT run, model, prompt, REPLACE(way, '_', ' '), COUNT(*), SUM(input), SUM(output), SUM(cache_read), SUM(cache_write),
    SUM(CAST(cost AS REAL)) FROM replies GROUP BY run, model, prompt, way
ORDER BY MAX(replied_at) DESC, run DESC, model, prompt, way
"""
TOTALS_COLUMNS = {
    **dict.fromkeys(("run", "model", "prompt", "mode"), pl.String),
    **dict.fromkeys(("replies", *(f"{kind}_tokens" for kind in TOKEN_KINDS)), pl.Int64),
    "cost": pl.Float64,
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
        str(reply.cost), reply.seconds, instant(reply.replied_at), reply.run, kept.as_of.isoformat(),
    )  # fmt: skip


def reply_of(row: Sequence[Any]) -> Reply:
    """The reply in a row of REPLY_COLUMNS."""
    question, model, prompt, way, text, stop_reason, *tokens, cost, seconds, replied_at, run, _ = row
    usage = TokenUsage(**dict(zip(TOKEN_KINDS, tokens, strict=True)))
    return Reply(
        question=question,
        model=model,
        prompt=prompt,
        way=way,
        text=text,
        stop_reason=stop_reason,
        usage=usage,
        cost=Decimal(cost),
        seconds=seconds,
        replied_at=datetime.fromisoformat(replied_at),
        run=run,
    )


def as_list(values: Iterable[str]) -> str:
    """A list of any length as the one value of IN_LIST."""
    return orjson.dumps(list(values)).decode()


def instant(moment: datetime) -> str:
    """A time as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
