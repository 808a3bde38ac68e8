"""Asks a model on Bedrock, many questions at a time: at the pace that Bedrock allows, within the budget.

A reply is in the ledger before it is returned, so that an interrupted run pays again only for the questions under way.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from omnix_cli.backoff import full_jitter
from omnix_cli.errors import OmnixError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import RequestFailed, call
from omnix_cli.predictors.bedrock.asking.conversation import (
    Form,
    ReplyRecorder,
    check_metadata,
    count_request,
    form_of,
    request,
)
from omnix_cli.predictors.bedrock.asking.money import GUARDRAIL_NOTE, Budget, dearest
from omnix_cli.predictors.bedrock.asking.pacing import Pacing
from omnix_cli.predictors.bedrock.asking.progress import AskingProgress, FailureWatch, ProgressLog
from omnix_cli.predictors.bedrock.asking.workers import Workers
from omnix_cli.records import NO_BUDGET, NOT_ASKED, Failure, Question, Reply

_THROTTLINGS_PER_ATTEMPT = 10
"""How often a question may be throttled while others are answered, for each of its `attempts`."""
_AFTER_TIMEOUT = 10.0
"""Seconds after the time limit of an answer in which the questions under way have ended for certain."""
_LONGEST_WAIT = 20.0
"""The most seconds before a question is asked again."""
_LOOK_SECONDS = 5.0
"""The most seconds of a pause after which to look whether there is still time."""

_log = logging.getLogger(__name__)


class _OutOfTime(Exception):
    """There is no time for an answer."""


@dataclass(eq=False)
class ConverseAsker:
    """Implements `protocols.Asker` with the Converse API. Answers must have the JSON `schema`; `first_wait` is how long
    to wait, at most, before a failed question is asked again. No question is sent, or sent again, unless there
    `is_time`."""

    client: Any
    recorder: ReplyRecorder
    _: KW_ONLY
    schema: Mapping[str, Any]
    budget: Budget | None = None
    progress: Callable[[AskingProgress], None] = field(default_factory=ProgressLog)
    first_wait: float = 0.5
    is_time: Callable[[], bool] = lambda: True

    def __post_init__(self) -> None:
        self._settings = self.recorder.settings
        check_metadata(self._settings.metadata)
        self._schema_bytes = len(str(self.schema).encode())
        self._budget = self.budget or Budget(self._settings.budget)
        self._pacing = Pacing(self._settings.requests_per_minute)
        self._random = random.Random(0)
        self._forms: dict[str, Form] = {}
        self._proven: set[tuple[str, Form]] = set()
        self._sent: dict[str, tuple[Question, Decimal]] = {}
        self._lock = threading.Lock()
        self._warn()

    def _warn(self) -> None:
        """Says what the sums leave out, or cannot be sure of."""
        if doubt := self.recorder.price_table.doubt(self._settings.model):
            _log.warning("%s", doubt)
        if self._settings.guardrail:
            _log.warning("%s", GUARDRAIL_NOTE)

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        """Each question with its reply or failure, as they come. Takes a few questions ahead.

        Raises `UnavailableError` when the service stops answering, `ConfigError` when it refuses access, both after the
        questions under way have ended; answers so far are kept. Questions that exceed the budget come back as a
        `Failure`."""
        watch, began = FailureWatch(), time.monotonic()
        workers = Workers(
            self._settings.connections, self._result, patience=self._settings.read_timeout_seconds + _AFTER_TIMEOUT
        )
        try:
            with closing(workers.results(iter(questions))) as results:
                for question, result in results:
                    try:
                        watch.count(result)
                    except OmnixError as error:
                        results.throw(error)
                    seconds = time.monotonic() - began
                    self.progress(AskingProgress(watch.answered, watch.failed, seconds, self._budget.spending))
                    yield question, result
        finally:
            self._note_unfinished()

    def count_tokens(self, question: Question) -> int | None:
        """The tokens of a question as Bedrock counts them; None for a model that does not support counting."""
        counted = count_request(request(question, self._form(question.model), self.schema, self._settings))
        for attempt in range(self._settings.attempts):
            try:
                return int(call(self.client, "count_tokens", counted, question.model)["inputTokens"])
            except RequestFailed as failed:
                if failed.kind == "refused":
                    return None
                if attempt + 1 == self._settings.attempts:
                    message = f"Bedrock does not count tokens: {failed}"
                    raise UnavailableError(message, hint="Try again later.") from failed
                time.sleep(self._wait(attempt))
        raise AssertionError("there is at least one attempt")

    def _result(self, question: Question, workers: Workers) -> Reply | Failure:
        """Asks until there is an answer or no hope of one."""
        throttlings = failures = 0
        while True:
            form = self._form(question.model)
            try:
                return self._attempt(question, form, workers)
            except _OutOfTime:
                return Failure(question=question.key, reason=NOT_ASKED, detail="there is no time", temporary=True)
            except RequestFailed as failed:
                if failed.kind == "refused" and self._adapts(question.model, form, failed):
                    continue
                if failed.kind == "throttled":
                    throttlings += 1
                    self._check_throttling(failed)
                    is_over = throttlings >= _THROTTLINGS_PER_ATTEMPT * self._settings.attempts
                else:
                    failures += 1
                    is_over = failed.kind == "refused" or failures >= self._settings.attempts
                if is_over:
                    return failed.failure(question.key)
                if failed.kind != "throttled":
                    workers.pause(self._wait(failures - 1))

    def _attempt(self, question: Question, form: Form, workers: Workers) -> Reply | Failure:
        """Asks once, after reserving the most it can cost. Raises `RequestFailed` and `_OutOfTime`."""
        prices = self.recorder.on_demand_prices(question.model)
        most = dearest(question, prices, schema_bytes=self._schema_bytes)
        cost = lost = Decimal(0)
        if not self._budget.reserve(most):
            detail = "the remaining budget is too small"
            return Failure(question=question.key, reason=NO_BUDGET, detail=detail, temporary=True)
        try:
            reply = self._reply(question, form, workers, most)
            cost = reply.cost
            self.recorder.ledger.keep(reply, question)
            return reply
        except RequestFailed as failed:
            if failed.kind == "lost":
                lost = most
                self._note_loss(question, most)
            raise
        finally:
            self._budget.settle(most, cost=cost, lost=lost)

    def _note_loss(self, question: Question, dollars: Decimal) -> None:
        self.recorder.loss(uuid4().hex, question.model, question.prompt, "on_demand", dollars)

    def _reply(self, question: Question, form: Form, workers: Workers, most: Decimal) -> Reply:
        parameters = request(question, form, self.schema, self._settings)

        def wait(seconds: float) -> None:
            workers.pause(min(seconds, _LOOK_SECONDS))
            if not self.is_time():
                raise _OutOfTime

        wait(0)
        entry = self._pacing.enter(wait)
        began = time.monotonic()
        with self._lock:
            self._sent[question.key] = question, most
        try:
            answer = call(self.client, "converse", parameters, question.model)
            self._pacing.admitted(entry)
        except RequestFailed as failed:
            pacing = {"throttled": self._pacing.throttled, "lost": self._pacing.lost, "temporary": self._pacing.lost}
            pacing.get(failed.kind, self._pacing.admitted)(entry)
            raise
        except BaseException:
            self._pacing.lost(entry)
            raise
        finally:
            with self._lock:
                self._sent.pop(question.key, None)
        reply = self.recorder.on_demand(question, answer, most=most, seconds=time.monotonic() - began)
        if reply is None:
            raise RequestFailed("lost", "incomplete_answer", "the answer has neither a message nor tokens")
        self._proven.add((question.model, form))
        return reply

    def _note_unfinished(self) -> None:
        """Questions that are still under way when a call ends may be billed, and nobody will read their answers."""
        with self._lock:
            unfinished = list(self._sent.values())
        for question, most in unfinished:
            self._note_loss(question, most)

    def _check_throttling(self, failed: RequestFailed) -> None:
        """Raises `UnavailableError` when everything has been throttled for longer than a quota lasts."""
        refusals = self._pacing.refusals
        if refusals > self._settings.attempts:
            raise UnavailableError(
                f"Bedrock accepts no questions: {failed} ({failed.reason}, {refusals} times in a row)",
                hint="Try again later. Answers so far are kept. The quotas of the account are in Service Quotas.",
            )

    def _adapts(self, model: str, form: Form, failed: RequestFailed) -> bool:
        """Whether to ask again in another form, because the model does not support this one."""
        if (model, form) in self._proven:
            return False
        simpler = form.without(failed.detail)
        with self._lock:
            if simpler and self._forms[model] == form:
                self._forms[model] = simpler
            return self._forms[model] != form

    def _form(self, model: str) -> Form:
        with self._lock:
            return self._forms.setdefault(model, form_of(model, self._settings.structure))

    def _wait(self, attempt: int) -> float:
        with self._lock:
            return full_jitter(attempt, base=self.first_wait, cap=_LONGEST_WAIT, random=self._random)
