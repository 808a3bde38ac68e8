"""The replies of models as rows of SQLite: tables, statements, and how a record becomes a row and a row a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import polars as pl

from omnix_cli.records import Question, Reply, TokenUsage
from omnix_cli.stores.replies.shared import KeptReply

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
SELECT run, model, prompt, way, COUNT(*), SUM(input), SUM(output), SUM(cache_read), SUM(cache_write),
    SUM(CAST(cost AS REAL)) FROM replies GROUP BY run, model, prompt, way
ORDER BY MAX(replied_at) DESC, run DESC, model, prompt, way
"""
TOTALS_COLUMNS = {
    **dict.fromkeys(("run", "model", "prompt", "way"), pl.String),
    **dict.fromkeys(("replies", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"), pl.Int64),
    "cost": pl.Float64,
}


def kept_reply(reply: Reply, question: Question) -> KeptReply:
    """A reply with what is kept of its question."""
    priors = question.priors or ("",) * len(question.customers)
    return KeptReply(reply, question.as_of, question.customers, question.histories, priors)


def row_of(kept: KeptReply) -> Sequence[Any]:
    """The values of REPLY_COLUMNS."""
    reply, usage = kept.reply, kept.reply.usage
    return (
        reply.question, reply.model, reply.prompt, reply.way, reply.text, reply.stop_reason,
        usage.input, usage.output, usage.cache_read, usage.cache_write,
        str(reply.cost), reply.seconds, instant(reply.replied_at), reply.run, kept.as_of.isoformat(),
    )  # fmt: skip


def reply_of(row: Sequence[Any]) -> Reply:
    """The reply in the values of REPLY_COLUMNS."""
    question, model, prompt, way, text, stop_reason, *tokens, cost, seconds, replied_at, run, _ = row
    usage = TokenUsage(**dict(zip(("input", "output", "cache_read", "cache_write"), tokens, strict=True)))
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
    """A list as IN_LIST takes it: one value, however long it is."""
    return orjson.dumps(list(values)).decode()


def instant(moment: datetime) -> str:
    """A text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
