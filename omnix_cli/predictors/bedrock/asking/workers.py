"""Threads that work on the questions of one call."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator

from omnix_cli.errors import Interrupted
from omnix_cli.records import Failure, Question, Reply

QUESTIONS_AHEAD = 4
"""Questions to prepare for each connection: enough to keep it busy while an answer is read."""
_LAST_SECONDS = 5.0
"""How long questions under way may take after a signal."""


class Stopped(Exception):
    """The call has ended."""


class Workers:
    """As many threads as there are questions, up to `connections`. `work` gets the reply to a question or fails; it
    should wait with `pause` only.

    When the call ends early, questions under way may end within `patience` seconds, because their answers are paid for;
    after a signal, or when nobody reads on, within a few seconds."""

    def __init__(
        self,
        connections: int,
        work: Callable[[Question, Workers], Reply | Failure],
        patience: float = _LAST_SECONDS,
    ) -> None:
        self._connections = connections
        self._work = work
        self._patience = patience
        self._todo = queue.SimpleQueue[Question | None]()
        self._done = queue.SimpleQueue[tuple[Question, Reply | Failure | Exception]]()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def results(self, questions: Iterator[Question]) -> Generator[tuple[Question, Reply | Failure], None, None]:
        """Each question with its result, as they come. Takes a few questions ahead. Raises what a worker raises."""
        under_way = 0
        try:
            while True:
                while under_way < QUESTIONS_AHEAD * self._connections and (question := next(questions, None)):
                    self._begin(question)
                    under_way += 1
                if not under_way:
                    return
                question, result = self._done.get()
                if isinstance(result, Exception):
                    raise result
                yield question, result
                under_way -= 1
        except (GeneratorExit, Interrupted, KeyboardInterrupt):
            self._patience = min(self._patience, _LAST_SECONDS)
            raise
        finally:
            self._stop()

    def pause(self, seconds: float) -> None:
        """Waits. Raises `Stopped` when the call has ended."""
        if self._stopped.wait(seconds):
            raise Stopped

    def _begin(self, question: Question) -> None:
        self._todo.put(question)
        if len(self._threads) < self._connections:
            # A daemon, so that a thread that waits for the network does not keep a stopped program alive.
            self._threads.append(threading.Thread(target=self._run, daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        while (question := self._todo.get()) and not self._stopped.is_set():
            try:
                result: Reply | Failure | Exception = self._work(question, self)
            except Stopped:
                return
            except Exception as error:  # raised again by `results`
                result = error
            self._done.put((question, result))

    def _stop(self) -> None:
        """Starts no more questions, and gives those under way a moment to end."""
        self._stopped.set()
        for _ in self._threads:
            self._todo.put(None)
        end = time.monotonic() + self._patience
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
