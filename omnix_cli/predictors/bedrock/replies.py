"""Getting replies: from the ledger, from batch jobs, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from omnix_cli.errors import UnavailableError
from omnix_cli.predictors.bedrock.answers.outcomes import TOKENS
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.records import BatchJob, Failure, Question, Reply, TokenUsage
from omnix_cli.settings import BatchSettings


@dataclass(frozen=True)
class Obtained:
    """The replies to questions and why others have none, both by key; `found` are the keys of those that were in the
    ledger before; `way` says how the others were asked, and why so."""

    replies: Mapping[str, Reply]
    failures: Mapping[str, Failure] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    way: str = ""


def obtained_figures(obtained: Sequence[Obtained]) -> Figures:
    """Repairs asked for, replies found in the ledger, tokens and dollars; first come the questions, then the repairs.

    Tokens and dollars are those of all replies to the questions of this day, also where an earlier run paid."""
    replies = [reply for one in obtained for reply in one.replies.values()]
    usage = sum((reply.usage for reply in replies), TokenUsage())
    repairs = sum(len(one.replies) + len(one.failures) for one in obtained[1:])
    return {
        "repairs": repairs,
        "found_in_ledger": sum(len(one.found) for one in obtained),
        **{f"{kind}_tokens": int(getattr(usage, kind)) for kind in TOKENS},
        "dollars": float(sum((reply.cost for reply in replies), Decimal(0))),
    }


@dataclass(frozen=True)
class Obtainer:
    """Asks what the ledger does not know: in jobs where `batch` is given, on demand otherwise. `is_on_demand` says that
    no jobs are wanted."""

    ledger: AnswerLedger
    asker: Asker
    batch: BatchJobs | None
    settings: BatchSettings
    prompt: str
    model: str
    sleep: Callable[[float], None]
    is_on_demand: bool

    def collect_open_jobs(self, as_of: date, max_age_days: int) -> None:
        """Takes in what jobs of earlier runs bring, as they are paid for. Raises `UnavailableError` while one runs."""
        if self.batch is None:
            return
        oldest = as_of - timedelta(days=max_age_days)
        self._finish(
            [
                job
                for job in self.batch.jobs()
                if not job.done and job.arn and (job.prompt, job.model) == (self.prompt, self.model)
                if oldest <= job.as_of <= as_of
            ]
        )

    def obtain(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> Obtained:
        """The replies to these questions, of which some are known."""
        missing = [question for question in questions if question.key not in known]
        if self.batch is None or len(missing) < self.settings.min_records:
            few = f"fewer than the {self.settings.min_records} questions of a job"
            why = "" if self.is_on_demand else f": {few if self.batch else 'no batch jobs are set up'}"
            asked = self.ask(questions, known)
            return Obtained(asked.replies, asked.failures, frozenset(known), f"on demand{why}" if missing else "ledger")
        self._finish(self.batch.submit(missing))
        answered = self.ledger.replies([question.key for question in questions])
        rest = self.ask(questions, answered)
        way = f"batch: {len(missing)} questions, {len(questions) - len(answered)} of them again on demand"
        return Obtained(rest.replies, rest.failures, frozenset(known), way)

    def ask(self, questions: Sequence[Question], known: Mapping[str, Reply]) -> Obtained:
        """Asks on demand what is not known."""
        missing = [question for question in questions if question.key not in known]
        replies, failures = dict(known), dict[str, Failure]()
        for question, result in self.asker.ask(missing) if missing else ():
            if isinstance(result, Reply):
                replies[question.key] = result
            else:
                failures[question.key] = result
        for question in missing:
            if question.key not in replies:
                nothing = Failure(question=question.key, reason="not asked", temporary=True)
                failures.setdefault(question.key, nothing)
        return Obtained(replies, failures, frozenset(known))

    def _finish(self, jobs: list[BatchJob]) -> None:
        """Waits for jobs, as long as the settings say, and collects those that have finished.

        Raises `UnavailableError` when one has not."""
        assert self.batch is not None
        waited = 0.0
        running = jobs
        while running:
            states = [self.batch.status(job) for job in running]
            for job in states:
                if job.ended:
                    self.batch.collect(job)
            running = [job for job in states if not job.ended]
            if not running:
                return
            if waited >= self.settings.wait_seconds:
                names = ", ".join(f"{job.name} ({job.status})" for job in running)
                raise UnavailableError(
                    f"batch jobs are still running: {names}",
                    hint="Run again later, or collect the answers with `omnix predict collect`.",
                )
            pause = min(self.settings.poll_seconds, self.settings.wait_seconds - waited)
            self.sleep(pause)
            waited += pause
