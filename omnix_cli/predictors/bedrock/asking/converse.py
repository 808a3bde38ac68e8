"""Asks a model on Bedrock, many questions at a time: at the pace it admits, within the budget, nothing paid twice.

A reply is in the ledger before anybody hears of it, so whatever ends a run costs at most the questions under way.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from omnix_cli.errors import UnavailableError
from omnix_cli.predictors.bedrock.asking.client import answer_of
from omnix_cli.predictors.bedrock.asking.conversation import (
    Form,
    check_metadata,
    count_request,
    form_of,
    reply,
    request,
)
from omnix_cli.predictors.bedrock.asking.errors import Trouble
from omnix_cli.predictors.bedrock.asking.money import Budget, Prices, PriceTable, dearest
from omnix_cli.predictors.bedrock.asking.pacing import Pacing
from omnix_cli.predictors.bedrock.asking.progress import Progress, Told
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.settings import BedrockSettings

_AHEAD = 4
"""Questions made ahead, for each connection: enough to keep it busy while an answer is looked at."""
_REFUSALS = 10
"""How often a question is throttled while others are answered, for each of its `attempts`."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
"""Seconds before a question is asked again, at most: a random share of them (full jitter)."""
_LAST_SECONDS = 5.0
"""How long those under way get when a run is stopped."""


class _Stopped(Exception):
    """The round is over."""


_Outcome = Reply | Failure


@dataclass
class _Round:
    """The questions of one call, on their way to the workers and back."""

    todo: queue.SimpleQueue[Question | None] = field(default_factory=queue.SimpleQueue)
    done: queue.SimpleQueue[tuple[Question, _Outcome | Exception]] = field(default_factory=queue.SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)
    workers: list[threading.Thread] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        """Waits. Raises `_Stopped` when nobody is to go on."""
        if self.stopped.wait(seconds):
            raise _Stopped

    def stop(self) -> None:
        """Lets nobody begin anything, and gives what is under way a moment to end."""
        self.stopped.set()
        for _ in self.workers:
            self.todo.put(None)
        end = time.monotonic() + _LAST_SECONDS
        for worker in self.workers:
            worker.join(max(0.0, end - time.monotonic()))


class ConverseAsker:
    """Implements `protocols.Asker` with the Converse API. `schema` is what answers are to look like; `run` stands in
    each reply."""

    def __init__(
        self,
        client: Any,
        ledger: AnswerLedger,
        settings: BedrockSettings,
        *,
        schema: Mapping[str, Any],
        prices: PriceTable,
        budget: Budget,
        now: Callable[[], datetime],
        run: str = "",
        seed: int = 0,
        pacing: Pacing | None = None,
        progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        check_metadata(settings.metadata)
        self._client = client
        self._ledger = ledger
        self._settings = settings
        self._schema = schema
        self._schema_bytes = len(str(schema).encode())
        self._price_table = prices
        self._budget = budget
        self._now = now
        self._run = run
        self._random = random.Random(seed)
        self._pacing = pacing or Pacing(settings.requests_per_minute)
        self._progress = progress
        self._forms: dict[str, Form] = {}
        self._proven: set[tuple[str, Form]] = set()
        self._lock = threading.Lock()

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        """Each question with what came back, as it comes; the questions are taken a few ahead.

        Raises `UnavailableError` when the service answers nothing any more, `ConfigError` when it refuses us; what
        was answered is kept then. What does not fit into the budget comes back as a `Failure`."""
        asked = _Round()
        told = Told(self._progress, self._budget)
        try:
            for question, outcome in self._outcomes(asked, iter(questions)):
                if isinstance(outcome, Exception):
                    raise outcome
                told.hear(outcome)
                yield question, outcome
        finally:
            asked.stop()

    def count_tokens(self, question: Question) -> int | None:
        """The tokens of a question as the service counts them; None for a model for which it does not."""
        asked = request(question, self._form(question.model), self._schema, self._settings)
        for attempt in range(self._settings.attempts):
            try:
                return int(answer_of(self._client, "count_tokens", count_request(asked), question.model)["inputTokens"])
            except Trouble as trouble:
                if trouble.kind == "refused":
                    return None
                if attempt + 1 == self._settings.attempts:
                    raise UnavailableError(f"Bedrock counts no tokens: {trouble}", hint="Try again later.") from trouble
                time.sleep(self._wait(attempt))
        raise AssertionError("there is at least one attempt")

    def _outcomes(
        self, asked: _Round, questions: Iterator[Question]
    ) -> Iterator[tuple[Question, _Outcome | Exception]]:
        under_way = 0
        while True:
            while under_way < _AHEAD * self._settings.connections and (question := next(questions, None)):
                asked.todo.put(question)
                under_way += 1
                if len(asked.workers) < self._settings.connections:
                    # A thread that waits for the network must not keep a stopped program from ending.
                    asked.workers.append(threading.Thread(target=self._work, args=(asked,), daemon=True))
                    asked.workers[-1].start()
            if not under_way:
                return
            yield asked.done.get()
            under_way -= 1

    def _work(self, asked: _Round) -> None:
        while (question := asked.todo.get()) and not asked.stopped.is_set():
            try:
                outcome: _Outcome | Exception = self._outcome(question, asked)
            except _Stopped:
                return
            except Exception as error:  # raised again where the questions come from
                outcome = error
            asked.done.put((question, outcome))

    def _outcome(self, question: Question, asked: _Round) -> Reply | Failure:
        """Asks until there is an answer, or none to be had."""
        refused = failed = 0
        while True:
            form = self._form(question.model)
            try:
                return self._attempt(question, form, asked)
            except Trouble as trouble:
                if trouble.kind == "refused" and self._adapts(question.model, form, trouble):
                    continue
                if trouble.kind == "throttled":
                    refused += 1
                    self._check_admission(trouble)
                    is_over = refused >= _REFUSALS * self._settings.attempts
                else:
                    failed += 1
                    is_over = trouble.kind == "refused" or failed >= self._settings.attempts
                if is_over:
                    return trouble.failure(question.key)
                if trouble.kind != "throttled":
                    asked.pause(self._wait(failed - 1))

    def _attempt(self, question: Question, form: Form, asked: _Round) -> Reply | Failure:
        """Asks once, with the most it can cost set aside. Raises `Trouble`."""
        prices = self._prices(question.model)
        most = dearest(question, prices, schema_bytes=self._schema_bytes)
        cost = lost = Decimal(0)
        if not self._budget.reserve(most):
            return Failure(
                question=question.key, reason="budget", detail="the budget does not reach for it", temporary=True
            )
        try:
            said = self._reply(question, form, prices, asked)
            cost = said.cost
            self._ledger.keep(said, question)
            return said
        except Trouble as trouble:
            lost = most if trouble.kind == "lost" else lost
            raise
        finally:
            self._budget.settle(most, cost=cost, lost=lost)

    def _reply(self, question: Question, form: Form, prices: Prices, asked: _Round) -> Reply:
        parameters = request(question, form, self._schema, self._settings)
        asked.pause(0)
        entry = self._pacing.enter(asked.pause)
        began = time.monotonic()
        try:
            answer = answer_of(self._client, "converse", parameters, question.model)
            self._pacing.admitted(entry)
        except Trouble as trouble:
            told = {"throttled": self._pacing.throttled, "lost": self._pacing.lost, "passing": self._pacing.lost}
            told.get(trouble.kind, self._pacing.admitted)(entry)
            raise
        except BaseException:
            self._pacing.lost(entry)
            raise
        seconds = time.monotonic() - began
        try:
            said = reply(question, answer, prices, "on_demand", seconds=seconds, now=self._now(), run=self._run)
        except (LookupError, TypeError) as error:
            raise Trouble("lost", "incomplete_answer", f"the answer has no {error}") from error
        self._proven.add((question.model, form))
        return said

    def _check_admission(self, trouble: Trouble) -> None:
        """Raises `UnavailableError` when nothing was admitted for longer than a quota lasts."""
        refusals = self._pacing.refusals
        if refusals > self._settings.attempts:
            raise UnavailableError(
                f"Bedrock takes no question: {trouble} ({trouble.reason}, {refusals} times in a row)",
                hint="Try again later: what was answered is kept. The quotas of the account are in Service Quotas.",
            )

    def _adapts(self, model: str, form: Form, trouble: Trouble) -> bool:
        """Whether the question can be asked in another form, as the model does not know this one."""
        if (model, form) in self._proven:
            return False
        simpler = form.without(trouble.detail)
        with self._lock:
            if simpler and self._forms[model] == form:
                self._forms[model] = simpler
            return self._forms[model] != form

    def _form(self, model: str) -> Form:
        with self._lock:
            return self._forms.setdefault(model, form_of(model, self._settings.structure))

    def _prices(self, model: str) -> Prices:
        return self._price_table.of(model, tier=self._settings.service_tier)

    def _wait(self, attempt: int) -> float:
        with self._lock:
            return self._random.random() * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
