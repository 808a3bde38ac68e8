"""Replies to questions: from the ledger, from batch jobs where there are enough questions, on demand for the rest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.records import NOT_ASKED, BatchJob, Failure, Question, Reply
from omnix_cli.settings import BedrockSettings

_FAILURES = 2
"""After so many batch jobs in a row without any answer, questions are asked on demand."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelAccess:
    """How a model is asked: the ledger of its replies, the asker on demand, batch jobs if they are set up. `asker` is
    called for the first question, so that a dry run needs no access to Bedrock; without one, nothing is asked."""

    ledger: AnswerLedger
    asker: Callable[[], Asker] | None
    jobs: BatchJobs | None = None
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Replies:
    """The result of each question, by key. `from_ledger` are the questions that were answered before; `mode` says how
    the others were asked, and why."""

    results: Mapping[str, Reply | Failure]
    from_ledger: frozenset[str] = frozenset()
    mode: str = ""
    waited_seconds: float = 0.0

    def replies(self) -> list[Reply]:
        return [result for result in self.results.values() if isinstance(result, Reply)]

    def failures(self, reason: str) -> int:
        return sum(isinstance(result, Failure) and result.reason == reason for result in self.results.values())


class ReplySource:
    """Asks only what the ledger does not know. `mode` is the predictor of the settings. Raises `ConfigError` for batch
    jobs that are not set up."""

    def __init__(self, access: ModelAccess, settings: BedrockSettings, *, prompt: str, mode: str) -> None:
        if mode == "bedrock-batch" and access.jobs is None:
            raise ConfigError(
                "batch jobs need a location and a role",
                hint="Set bedrock.batch.location and bedrock.batch.role_arn, or use `--predictor bedrock`.",
            )
        self._access, self._settings, self._prompt, self._mode = access, settings, prompt, mode
        self._jobs = access.jobs if mode != "bedrock" else None

    def collect_open_jobs(self, as_of: date) -> float:
        """Collects the jobs of earlier runs whose answers may be used on this day, as they are paid for; returns the
        seconds waited.

        Raises `UnavailableError` while one is running, or when the answers of one cannot be read."""
        if self._jobs is None:
            return 0.0
        unfinished = [job for job in self._own_jobs(as_of) if not job.done and job.arn]
        return self._collect(self._jobs, unfinished)

    def replies(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> Replies:
        """The results of all questions; `known` are the replies that the ledger had."""
        missing = [question for question in questions if question.key not in known]
        fewest = self._settings.batch.min_records
        if self._jobs is None or len(missing) < fewest:
            few = f"fewer than the {fewest} questions of a job"
            if missing and not self._access.asker:
                return Replies(self._on_demand(questions, known), frozenset(known), "nothing was asked")
            why = "" if self._mode == "bedrock" else f": {few if self._jobs else 'no batch jobs are set up'}"
            results = self._on_demand(questions, known)
            return Replies(results, frozenset(known), f"on demand{why}" if missing else "ledger")
        waited, trouble = self._in_batches(self._jobs, missing)
        answered = self._access.ledger.replies([question.key for question in questions])
        results = self._on_demand(questions, answered)
        mode = f"batch: {len(missing)} questions, {len(questions) - len(answered)} of them again on demand"
        return Replies(results, frozenset(known), f"on demand: {trouble}" if trouble else mode, waited)

    def _in_batches(self, jobs: BatchJobs, missing: Sequence[Question]) -> tuple[float, str]:
        """Asks in batch jobs as long as that makes sense. Returns the seconds waited, and why it makes no sense."""
        waited = 0.0
        while True:
            failures = self._failures(missing[0].as_of)
            if len({job.attempt for job in failures}) >= _FAILURES:
                cause = failures[0].message or failures[0].status
                trouble = f"the last {len(failures)} batch jobs ended without any answer: {cause}"
                _log.warning("no further batch job: %s", trouble)
                return waited, trouble
            answered = self._access.ledger.replies([question.key for question in missing])
            left = [question for question in missing if question.key not in answered]
            running = [job for job in (jobs.submit(left) if left else []) if not job.done]
            if not running:
                return waited, "" if answered or failures else "the budget has no room for a batch job"
            waited += self._collect(jobs, running)

    def on_demand(self, questions: Sequence[Question]) -> Replies:
        known = self._access.ledger.replies([question.key for question in questions])
        return Replies(self._on_demand(questions, known), frozenset(known))

    def _failures(self, as_of: date) -> list[BatchJob]:
        """The newest jobs, back to the last one with an answer."""
        ended = (job for job in self._own_jobs(as_of) if job.done and job.arn)
        return list(takewhile(lambda job: job.is_unanswered, ended))

    def _own_jobs(self, as_of: date) -> list[BatchJob]:
        """The jobs of this model and prompt whose answers may be used on this day."""
        if self._jobs is None:
            return []
        wanted, oldest = (self._prompt, self._settings.model), as_of - timedelta(days=self._settings.max_age_days)
        return [job for job in self._jobs.jobs() if (job.prompt, job.model) == wanted and oldest <= job.as_of <= as_of]

    def _on_demand(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> dict[str, Reply | Failure]:
        missing = [question for question in questions if question.key not in known]
        results: dict[str, Reply | Failure] = dict(known)
        if missing and self._access.asker:
            results |= {question.key: result for question, result in self._access.asker().ask(missing)}
        for question in missing:
            unasked = Failure(question=question.key, reason=NOT_ASKED, temporary=True)
            results.setdefault(question.key, unasked)
        return results

    def _collect(self, jobs: BatchJobs, running: Sequence[BatchJob]) -> float:
        """Collects all these jobs; returns the seconds waited.

        Raises `UnavailableError` when one is still running after `wait_seconds`, or cannot be read."""
        waited, batch = 0.0, self._settings.batch
        unreadable: UnavailableError | None = None
        while running:
            states = [jobs.status(job) for job in running]
            for job in (job for job in states if job.ended):
                try:
                    jobs.collect(job)
                except UnavailableError as error:  # the answers of the others are wanted first
                    unreadable = unreadable or error
            running = [job for job in states if not job.ended]
            if running and waited >= batch.wait_seconds:
                names = ", ".join(f"{job.name} ({job.status})" for job in running)
                raise UnavailableError(
                    f"batch jobs are still running: {names}",
                    hint="Run again later, or collect the answers with `omnix predict collect`.",
                )
            if running:
                pause = min(batch.poll_seconds, batch.wait_seconds - waited)
                self._access.sleep(pause)
                waited += pause
        if unreadable:
            raise unreadable
        return waited
