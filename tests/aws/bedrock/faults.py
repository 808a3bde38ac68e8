"""What can go wrong, when a test says so or by chance from a seed.

Chance depends on the request and on how often it came, not on the order in which threads send: the same questions meet
the same faults.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

REFUSALS = {
    "throttled": ("ThrottlingException", "Too many requests, please wait before trying again."),
    "not_ready": ("ModelNotReadyException", "The model is not ready. Try again later."),
    "model_timeout": ("ModelTimeoutException", "The model took too long to process the request."),
    "model_error": ("ModelErrorException", "The model could not process the request."),
    "server_error": ("InternalServerException", "The system encountered an unexpected error."),
    "unavailable": ("ServiceUnavailableException", "Bedrock is unable to process your request."),
    "quota": ("ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
    "denied": ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "invalid": ("ValidationException", "The provided request is not valid"),
    "not_found": ("ResourceNotFoundException", "Could not resolve the foundation model."),
}
"""Nothing is done, and nothing is to be paid."""
LOSSES = ("dropped_before", "dropped_after", "cut", "slow")
"""The connection closed before or after the work was done; half of the HTTP body; late. All but the first are paid."""
TEXTS = ("truncated_json", "not_json", "prose", "max_tokens", "filtered", "guardrail")
"""What is no JSON, no pure JSON, or cut off; and refusals of the model and of a guardrail."""
CONTENTS = (
    "unknown_product",
    "missing_product",
    "duplicate_product",
    "past_date",
    "absurd_date",
    "negative_interval",
    "overconfident",
    "wrong_pseudonym",
    "missing_customer",
)
"""Well-formed answers that are wrong for one customer."""
RECORDS = ("failed_record", "missing_record")
"""A record of a batch job with an error in place of its answer, or without a line in the output."""
JOBS = ("job_failed", "job_expired", "job_stopped", "job_partial")
"""How a batch job may end: with nothing, timed out before it began, or having done only some of its records."""
PASSING = ("throttled", "not_ready", "model_timeout", "model_error", "server_error", "unavailable")
RECORD, JOB = "record", "job"


@dataclass(frozen=True)
class Fault:
    """Faults that befall a share of the requests of one operation (or of the records of jobs, or of jobs).

    `names`: one of these, by chance. `requests`: only these, counted from 0 over all of the operation. `times`: how
    often at most. `holding`: only what has this text in it."""

    names: str | tuple[str, ...]
    operation: str = "Converse"
    share: float = 1.0
    requests: tuple[int, ...] | None = None
    times: int | None = None
    holding: str | None = None

    def __post_init__(self) -> None:
        known = {*REFUSALS, *LOSSES, *TEXTS, *CONTENTS, *RECORDS, *JOBS}
        unknown = {self.names} - known if isinstance(self.names, str) else set(self.names) - known
        if unknown:
            raise ValueError(f"no such faults: {sorted(unknown)}")


def all_faults(share: float) -> list[Fault]:
    """Everything that may pass or be mended, each kind of request spoiled with this share."""
    answers = TEXTS + CONTENTS
    jobs = ("CreateModelInvocationJob", "GetModelInvocationJob", "ListModelInvocationJobs")
    return [
        Fault((*PASSING, *LOSSES, *answers), share=share),
        Fault(RECORDS + answers, operation=RECORD, share=share),
        *(Fault(("throttled", "server_error", "dropped_before", "dropped_after"), name, share) for name in jobs),
    ]


class Chance:
    """Decides which fault befalls a request. `counts` tells how often each did."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.faults = list(faults)
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._requests: Counter[str] = Counter()
        self._seen: Counter[tuple[str, bytes]] = Counter()
        self._used: Counter[int] = Counter()
        self._lock = threading.Lock()

    def fault(self, operation: str, content: bytes) -> str | None:
        digest = hashlib.blake2b(content, digest_size=16).digest()
        with self._lock:
            number = self._requests[operation]
            self._requests[operation] += 1
            attempt = self._seen[operation, digest]
            self._seen[operation, digest] += 1
            for fault in self.faults:
                drawn = random.Random(f"{self._seed}{fault.names}{operation}{digest.hex()}{attempt}")
                if self._befalls(fault, operation, number, content) and drawn.random() < fault.share:
                    self._used[id(fault)] += 1
                    name = fault.names if isinstance(fault.names, str) else drawn.choice(fault.names)
                    self.counts[name] += 1
                    return name
        return None

    def _befalls(self, fault: Fault, operation: str, number: int, content: bytes) -> bool:
        return (
            fault.operation == operation
            and (fault.requests is None or number in fault.requests)
            and (fault.times is None or self._used[id(fault)] < fault.times)
            and (fault.holding is None or fault.holding.encode() in content)
        )
