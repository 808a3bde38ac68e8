"""How the double behaves when nothing is meant to go wrong, and the books it keeps of what was to be paid."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.aws.bedrock.oddities import ANSWERS, Oddity

BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Behaviour:
    """Limits, latencies and what the model behind the double can do."""

    requests_per_minute: float | None = None
    """More than this are throttled; up to `burst_seconds` of it may be saved up."""
    burst_seconds: float = 1.0
    latency_seconds: float = 0.0
    slow_seconds: float = 1.0
    """How long the fault `slow` takes."""
    cache_minimum_tokens: int = 1024
    """A shorter part before a cache point is not cached."""
    unsupported: frozenset[str] = frozenset()
    """Of `outputConfig`, `toolConfig`, `strict`, `cachePoint`, `serviceTier`, `performanceConfig`: what the model lacks
    and so refuses."""
    unknown_models: frozenset[str] = frozenset()
    min_records: int = 100
    max_records: int = 50_000
    oddity: Oddity = ANSWERS[0]
    """The form of all answers, records and outputs."""
    job_step_seconds: float | None = None
    """A job takes a step with each GetModelInvocationJob, or, given this, by itself after so many seconds."""


@dataclass
class Billed:
    """What was carried out and so is paid for, whether or not the answer reached anybody. Used by several threads."""

    answers: Counter[str] = field(default_factory=Counter)
    """By way: on_demand, batch."""
    tokens: Counter[str] = field(default_factory=Counter)
    """By name of the member of `usage`, all ways together."""
    batch_tokens: Counter[str] = field(default_factory=Counter)
    """The part of it that batch jobs used, at half the price."""
    questions: Counter[str] = field(default_factory=Counter)
    """How often the same words were answered by the same model."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, question: str, usage: dict[str, int], way: str) -> None:
        with self._lock:
            self.questions[question] += 1
            self.answers[way] += 1
            self.tokens.update(usage)
            if way == "batch":
                self.batch_tokens.update(usage)

    @property
    def paid_twice(self) -> int:
        """Answers to what had been answered before."""
        return self.questions.total() - len(self.questions)


class Admission:
    """A token bucket of requests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._saved: float | None = None
        self._seen = clock()

    def admits(self, behaviour: Behaviour) -> bool:
        if behaviour.requests_per_minute is None:
            return True
        per_second = behaviour.requests_per_minute / 60
        most = max(1.0, per_second * behaviour.burst_seconds)
        with self._lock:
            now = self._clock()
            before = most if self._saved is None else self._saved
            self._saved = min(most, before + (now - self._seen) * per_second)
            self._seen = now
            if self._saved < 1.0:
                return False
            self._saved -= 1.0
            return True
