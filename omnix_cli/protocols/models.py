"""Asking a language model: the ledger of its replies, and the two ways to ask, one by one or in batch jobs.

Protocols because predictors and stores must not import each other, and because tests ask models that live in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

import polars as pl

from omnix_cli.records import BatchJob, Failure, Loss, Question, Reply


class AnswerLedger(Protocol):
    """Every reply of a model, by the key of its question, so that nothing is paid for twice. Thread-safe."""

    def keep(self, reply: Reply, question: Question) -> None:
        """Keeps a reply and its customers; it is on disk when this returns. Keeping it again changes nothing."""

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        """Keeps many replies, several at a time, which is faster; all are on disk when this returns."""

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        """By the key of the question; questions without a reply are left out."""

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        """The customers in the questions of these days: `customer_id`, `history`, `prior`, `question`, `as_of`, newest
        first for each customer. `prior` is empty where a question had none."""

    def keep_loss(self, loss: Loss) -> None:
        """Notes dollars that may be on the bill although no answer came; on disk when this returns."""

    def totals(self) -> pl.DataFrame:
        """By `run`, `model`, `prompt` and `mode` (on demand or batch): `replies`, tokens, `cost`, and the dollars that
        `may_have_been_billed` besides, newest run first."""

    def seconds_per_reply(self, *, model: str) -> float | None:
        """How long a model takes to answer on demand, on average; None when nothing is known."""

    def drop(self, questions: Collection[str]) -> None:
        """Removes the replies to these questions for good, so that they can be asked again."""

    def forget(self, customer_id: str) -> int:
        """Removes all replies to questions about a customer for good; returns their number."""


class Objects(Protocol):
    """Objects under one address, by key. An object appears with its whole content or not at all."""

    def address(self, key: str) -> str:
        """The address of an object for others."""

    def keys(self, beginning: str) -> Iterator[str]:
        """The keys that begin like this, sorted."""

    def read(self, key: str) -> bytes:
        """Raises FileNotFoundError."""

    def open(self, key: str) -> AbstractContextManager[Iterable[bytes]]:
        """The lines of an object, read one by one. Raises FileNotFoundError."""

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None: ...

    def change(self, key: str, edit: Callable[[bytes | None], bytes]) -> None:
        """Replaces the content with what `edit` returns for it (None: no such object); concurrent changes are kept."""


class Asker(Protocol):
    """Asks a model on demand."""

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        """Each question with its reply or failure, in any order; a reply is in the ledger before it is returned.

        Raises `UnavailableError` when the service does not answer, `ConfigError` when it refuses access."""


class BatchJobs(Protocol):
    """Asks a model in batch jobs: questions are submitted, answers collected later. Every call can be repeated, from
    any machine with access to the same location."""

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """Jobs for these questions. A job that exists is found, not created again."""

    def jobs(self) -> list[BatchJob]:
        """All known jobs, newest first, as recorded."""

    def status(self, job: BatchJob) -> BatchJob:
        """The job with its present status, which is also recorded."""

    def collect(self, job: BatchJob) -> BatchJob:
        """Keeps the answers of a job that has ended in the ledger, also of a stopped or expired one."""
