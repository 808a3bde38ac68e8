"""Batch jobs: questions as files on S3, submitted to Bedrock together, and answers collected into the ledger.

    <location>/omnix-<day>-<hash of the questions>/
        input.jsonl        the requests; Bedrock's role reads this
        questions.jsonl    the customers of each request; only omnix reads this
        job.json           the record of the job, written before Bedrock knows the job and kept up to date
        output/<id>/       the answers that Bedrock writes

Everything about a job follows from its questions and its record. So every call can be repeated from any machine, also
after one was killed: the same files are written again, the record is changed conditionally, and a job is created with
the same name and token, or found by its name.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from decimal import Decimal
from itertools import groupby
from typing import IO, Any

from omnix_cli.batching import batched
from omnix_cli.errors import DataError, UnavailableError
from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.asking.money import Budget, dearest, dearest_of
from omnix_cli.predictors.bedrock.batches.job_files import (
    asked_question,
    customers_line,
    job_name,
    merged_record,
    name_prefix,
    question_key,
    request_line,
    split_questions,
)
from omnix_cli.predictors.bedrock.batches.job_outputs import DAMAGED, JobOutput
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.protocols.models import Objects
from omnix_cli.records import BatchJob, Question, Reply

_log = logging.getLogger(__name__)
_NO_JSON = "a line is damaged"
_RECORD, _CUSTOMERS = "/job.json", "/questions.jsonl"
_THREADS = 8
"""Job records to read at the same time."""
_ANSWERS_IN_MEMORY = 512


class BedrockBatches:
    """Implements `protocols.BatchJobs`. `objects` are the files at `bedrock.batch.location`.

    A job is handed over only if the budget has room for the most that all open jobs and this one can cost. Raises
    `UnavailableError` for temporary errors and for answers that cannot be read, `ConfigError` for what the user must
    fix, and `DataError` when files of a job are missing."""

    def __init__(
        self, service: JobService, objects: Objects, recorder: ReplyRecorder, budget: Budget | None = None
    ) -> None:
        self._service, self._objects, self._recorder = service, objects, recorder
        self._budget = budget or Budget(service.settings.budget)

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """The jobs with these questions, created where there are none.

        A question is in one job only, unless that job ended without any answer. Questions that are too few for a job,
        or that the budget has no room for, are left out: ask them on demand."""
        left = {question.key: question for question in questions}
        jobs = []
        for job, keys in self._existing(questions):
            if left.keys().isdisjoint(keys) or not self._is_affordable(job):
                continue
            jobs.append(self._create(job))
            left = {key: question for key, question in left.items() if key not in keys}
        for _, group in groupby(sorted(left.values(), key=_kind), _kind):
            for part in split_questions(self._affordable(list(group)), self._service.settings.batch):
                jobs.append(self._create(self._prepare(part)))
        return jobs

    def jobs(self) -> list[BatchJob]:
        """All recorded jobs, newest first. Looks up by name those that were created but not recorded as such, because
        the process was killed in between. The budget sets aside what open ones can cost."""
        jobs = [job if job.arn else self.status(job) for job in self._read_records("omnix-")]
        if self._budget.spending.limit is not None:
            for job in (job for job in jobs if job.arn and not job.done):
                self._budget.commit(job.name, self._dearest(job))
        now = self._recorder.now()
        return sorted(jobs, key=lambda job: (job.as_of, job.submitted_at or now, job.name), reverse=True)

    def status(self, job: BatchJob) -> BatchJob:
        """The job with its present status. A job that Bedrock does not know stays `prepared`: submit it again."""
        arn = job.arn or self._service.find(job.name)
        if arn is None:
            return self._update(job)
        status, message, processed = self._service.get(job, arn)
        return self._update(job, arn=arn, status=status, message=message or job.message, processed=processed)

    def collect(self, job: BatchJob) -> BatchJob:
        """Keeps the answers of a job that has ended in the ledger; a job that is running stays as it is.

        Questions without an answer count as `failed`: ask them on demand. Raises `UnavailableError`, with all answers
        kept that can be read, when others are there but cannot be read."""
        job = job if job.ended else self.status(job)
        if not job.ended:
            return job
        output = JobOutput(self._objects, f"{job.name}/output/")
        with tempfile.TemporaryFile() as file, self._open_customers(job) as customer_lines:
            collected = _Collected(_CustomerLines(file, customer_lines), self._recorder)
            for records in batched(output.records(), _ANSWERS_IN_MEMORY):
                collected.keep(records)
            self._check_output(job, output)
            lost = collected.lost(job.processed) if output.files else Decimal(0)
        if not job.done:
            self._budget.collect(job.name, cost=collected.cost, lost=lost)
            if lost:
                self._recorder.loss(job.name, job.model, job.prompt, "batch", lost)
        answered = len(collected.answered)
        self._tell(job, collected, job.questions - answered)
        reason = next((text for text, _ in collected.errors.most_common(1)), "")
        message = job.message or ("" if answered else reason)
        return self._update(job, collected=answered, failed=job.questions - answered, done=True, message=message)

    def _tell(self, job: BatchJob, collected: _Collected, failed: int) -> None:
        """Says what came of a job that did not answer everything."""
        if failed == job.questions:
            cause = job.message or next((text for text, _ in collected.errors.most_common(1)), "no reason given")
            _log.warning("the batch job %s ended without any answer (%s): %s", job.name, job.status, cause)
            return
        for error, times in collected.errors.most_common(5):
            _log.warning("job=%s failed_records=%d reason=%r", job.name, times, error)
        missing = failed - sum(collected.errors.values())
        if missing > 0:
            _log.warning("job=%s missing_records=%d status=%s", job.name, missing, job.status)

    def _check_output(self, job: BatchJob, output: JobOutput) -> None:
        """Raises `UnavailableError` for answers that were paid for and cannot be read: asking again would pay again."""
        worked = job.status in ("Completed", "PartiallyCompleted") or (job.status == "Stopped" and job.processed)
        if output.unreadable:
            problem = f"{', '.join(output.unreadable)} cannot be read as JSON lines"
        elif worked and not output.files:
            problem = f"there is no answer at {job.output}, though the job is {job.status}"
        else:
            return
        raise UnavailableError(
            f"the answers of the batch job {job.name} cannot be read: {problem}",
            hint="Restore the files and run again. To give the answers up, delete the job's job.json: its questions "
            "are then asked, and paid for, again.",
        )

    def _dearest(self, job: BatchJob) -> Decimal:
        """The most that a job can cost. For one of omnix 0.1, from the bytes of its requests."""
        if job.dearest is not None:
            return job.dearest
        prices, tokens = self._recorder.batch_prices(job.model), self._service.settings.max_output_tokens
        with self._objects.open(f"{job.name}/input.jsonl") as lines:
            return sum((dearest_of(len(line), tokens, prices) for line in lines), Decimal(0))

    def _most(self, question: Question) -> Decimal:
        return dearest(question, self._recorder.batch_prices(question.model))

    def _is_affordable(self, job: BatchJob) -> bool:
        """Whether a job that was prepared may be created. One that may not counts as ended, so that its questions can
        be asked in another way."""
        room = self._budget.spending.room
        if job.arn or room is None or self._dearest(job) <= room:
            return True
        self._update(job, status="Stopped", done=True, failed=job.questions, message="the budget had no room for it")
        return False

    def _affordable(self, questions: list[Question]) -> list[Question]:
        """As many of the questions as the budget has room for, whatever their order."""
        room, fitting = self._budget.spending.room, list[Question]()
        if room is None:
            return questions
        for question in sorted(questions, key=lambda question: question.key):
            room -= self._most(question)
            if room < 0:
                break
            fitting.append(question)
        fewest = self._service.settings.batch.min_records
        if len(fitting) < len(questions) >= fewest:
            handed = len(fitting) if len(fitting) >= fewest else 0
            _log.warning("the budget has room for %d of %d questions in batch jobs", handed, len(questions))
        return fitting

    def _existing(self, questions: Sequence[Question]) -> Iterator[tuple[BatchJob, set[str]]]:
        """The jobs of the questions' days, each with the keys of its questions."""
        for prefix in sorted({name_prefix(question) for question in questions}):
            for job in self._read_records(prefix):
                if not job.is_unanswered:
                    with self._open_customers(job) as lines:
                        yield job, {question_key(line) for line in lines}

    def _prepare(self, questions: list[Question]) -> BatchJob:
        """The record of a new job, written after all its files."""
        name = base = job_name(questions)
        attempt = 1
        while recorded := self._read_record(f"{name}{_RECORD}"):
            if not recorded.is_unanswered:
                return recorded
            attempt += 1
            name = f"{base}-{attempt}"
        first, temperature = questions[0], self._service.settings.temperature
        job = BatchJob(
            name=name,
            model=first.model,
            prompt=first.prompt,
            as_of=first.as_of,
            questions=len(questions),
            input=self._objects.address(f"{name}/input.jsonl"),
            output=self._objects.address(f"{name}/output/"),
            token=name,
            dearest=sum(map(self._most, questions), Decimal(0)),
        )
        customers = (customers_line(question, self._most(question)) for question in questions)
        self._objects.write_lines(f"{name}{_CUSTOMERS}", customers)
        self._objects.write_lines(f"{name}/input.jsonl", (request_line(each, temperature) for each in questions))
        return self._update(job)

    def _create(self, job: BatchJob) -> BatchJob:
        if job.arn:
            return job
        self._budget.commit(job.name, self._dearest(job))
        arn = self._service.create(job)
        _log.info("job=%s questions=%d arn=%s submitted", job.name, job.questions, arn)
        return self._update(job, arn=arn, status="Submitted", submitted_at=self._recorder.now())

    def _update(self, job: BatchJob, **changes: object) -> BatchJob:
        changed = job.model_copy(update=changes)
        written = [changed]

        def edit(content: bytes | None) -> bytes:
            written[:] = [merged_record(content, changed)]
            return written[0].model_dump_json(indent=1).encode()

        self._objects.change(f"{job.name}{_RECORD}", edit)
        return written[0]

    def _read_records(self, prefix: str) -> list[BatchJob]:
        keys = [key for key in self._objects.keys(prefix) if key.endswith(_RECORD)]
        with ThreadPoolExecutor(_THREADS) as threads:
            return [job for job in threads.map(self._read_record, keys) if job is not None]

    def _read_record(self, key: str) -> BatchJob | None:
        try:
            return BatchJob.model_validate_json(self._objects.read(key))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise _damaged(self._objects.address(key), error) from error

    def _open_customers(self, job: BatchJob) -> AbstractContextManager[Iterable[bytes]]:
        try:
            return self._objects.open(f"{job.name}{_CUSTOMERS}")
        except FileNotFoundError as error:
            raise DataError(
                f"{error} is missing: it names the customers in the answers of the job {job.name}",
                hint="Restore it, or delete the job's job.json: its questions are then asked, and paid for, again.",
            ) from error


class _Collected:
    """The answers of a job: kept in the ledger, and counted. Each record fails alone."""

    def __init__(self, customers: _CustomerLines, recorder: ReplyRecorder) -> None:
        self._customers, self._recorder = customers, recorder
        self.answered, self._refused = set[str](), set[str]()
        self.errors: Counter[str] = Counter()
        self.cost = Decimal(0)

    def keep(self, records: Iterable[Mapping[str, Any]]) -> None:
        replies: list[tuple[Reply, Question]] = []
        for record in records:
            key = str(record.get("recordId") or "")
            if key in self.answered:
                continue
            found = self._customers.find(key)
            if found is None:
                self.errors[_NO_JSON if record is DAMAGED else "a record belongs to no question of the job"] += 1
                continue
            question, most = asked_question(found)
            reply = self._recorder.batch(question, record.get("modelOutput"), most=most)
            if reply is None:
                self._fail(key, record.get("error"))
                continue
            replies.append((reply, question))
            self.answered.add(key)
            self._refused.discard(key)
            self.cost += reply.cost
        self._recorder.ledger.keep_all(replies)

    def lost(self, processed: int | None) -> Decimal:
        """The most that questions may have cost that have neither an answer nor an error; they are no more than Bedrock
        has `processed`, if it says so."""
        keys = self._customers.keys() - self.answered - self._refused
        dollars = [asked_question(line)[1] for line in map(self._customers.find, keys) if line]
        count = len(dollars) if processed is None else processed - len(self.answered) - len(self._refused)
        return sum(sorted(dollars, reverse=True)[: max(0, count)], Decimal(0))

    def _fail(self, key: str, error: Any) -> None:
        if error:
            self._refused.add(key)
            self.errors[str(error.get("errorMessage", error)) if isinstance(error, dict) else str(error)] += 1
        else:
            self.errors["there is neither answer nor error"] += 1


class _CustomerLines:
    """The customers of a job's questions, on disk and found by key, so that a large job needs little memory."""

    def __init__(self, file: IO[bytes], lines: Iterable[bytes]) -> None:
        self._file = file
        self._offsets: dict[str, int] = {}
        for line in lines:
            try:
                self._offsets[question_key(line)] = file.tell()
            except (ValueError, LookupError, TypeError) as error:
                raise _damaged(
                    f"the file questions.jsonl of a batch job (line {len(self._offsets) + 1})", error
                ) from error
            file.write(line)

    def keys(self) -> Set[str]:
        return self._offsets.keys()

    def find(self, key: str) -> bytes | None:
        if key not in self._offsets:
            return None
        self._file.seek(self._offsets[key])
        return self._file.readline()


def _damaged(what: str, error: Exception) -> DataError:
    reason = str(error).partition("\n")[0]
    hint = "Restore it. If you delete the folder of the job, its questions are asked, and paid for, again."
    return DataError(f"{what} is damaged: {reason}", hint=hint)


def _kind(question: Question) -> tuple[str, str, str]:
    """What all questions of a job have in common."""
    return question.model, question.prompt, question.as_of.isoformat()
