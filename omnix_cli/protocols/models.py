"""What a language model is asked: questions put, in bulk or one by one, and the ledger of its replies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import polars as pl

from omnix_cli.records import BatchJob, Failure, Question, Reply


class AnswerLedger(Protocol):
    """Every reply of a model, kept by the key of its question, so that nothing is paid for twice. Thread-safe."""

    def keep(self, reply: Reply, question: Question) -> None:
        """Keeps a reply, and about whom it was; on disk when this returns. The same question again changes nothing."""
        ...

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        """Keeps many, several at a time, which is faster; all on disk when this returns."""
        ...

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        """The replies to these questions that there are, by key."""
        ...

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        """Who was asked about with days in `since`..`until`: `customer_id`, `history`, `prior`, `question`, `as_of`;
        newest first for each customer. `prior` is empty for a question without any."""
        ...

    def spent(self, *, since: datetime) -> Decimal:
        """The dollars of replies since then."""
        ...

    def totals(self) -> pl.DataFrame:
        """By `run`, `model`, `prompt` and `way`: `replies`, tokens and `cost`, newest run first."""
        ...

    def forget(self, customer_id: str) -> int:
        """Removes all that was asked about a customer; returns how many replies went."""
        ...


class Objects(Protocol):
    """Objects under one address, by key; each is there with its whole content or not at all."""

    def address(self, key: str) -> str:
        """Where others find the object."""
        ...

    def keys(self, beginning: str) -> Iterator[str]:
        """The keys that begin so, sorted."""
        ...

    def read(self, key: str) -> bytes:
        """Raises FileNotFoundError when there is no such object."""
        ...

    def open(self, key: str) -> AbstractContextManager[Iterable[bytes]]:
        """The lines of an object, read as they are asked for. Raises FileNotFoundError."""
        ...

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        """Writes an object of these lines, however many."""
        ...

    def change(self, key: str, edit: Callable[[bytes | None], bytes]) -> None:
        """Puts what `edit` makes of the content (None: no such object) in its place; nobody's change gets lost."""
        ...


class Asker(Protocol):
    """Puts questions to a model."""

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        """Each question with what came back, in any order, as it comes; a reply is in the ledger before it is given.

        Raises `UnavailableError` when the service does not answer at all, `ConfigError` when it refuses us."""
        ...


class BatchJobs(Protocol):
    """Hands questions to a service in bulk and collects the answers later; each call may be repeated, from any machine
    that reads the same place."""

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """Jobs for these questions; one that there is already is found again, not made twice."""
        ...

    def jobs(self) -> list[BatchJob]:
        """All jobs known there, newest first, as their records say."""
        ...

    def status(self, job: BatchJob) -> BatchJob:
        """The job as it stands now; its record is brought up to date."""
        ...

    def collect(self, job: BatchJob) -> BatchJob:
        """Puts the answers that there are into the ledger, also those of a stopped or expired job."""
        ...
