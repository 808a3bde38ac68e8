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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import groupby
from typing import IO

from omnix_cli.batching import batched
from omnix_cli.errors import DataError
from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.batches.job_files import (
    answered_question,
    customers_line,
    job_name,
    merged_record,
    name_prefix,
    question_key,
    read_answer_line,
    request_line,
    split_questions,
)
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.protocols.models import Objects
from omnix_cli.records import BatchJob, Question, Reply

_log = logging.getLogger(__name__)
_RECORD, _CUSTOMERS = "/job.json", "/questions.jsonl"
_THREADS = 8
"""Job records to read at the same time."""
_ANSWERS_IN_MEMORY = 512


class BedrockBatches:
    """Implements `protocols.BatchJobs`. `objects` are the files at `bedrock.batch.location`.

    Raises `UnavailableError` for temporary errors, `ConfigError` for what the user must fix, and `DataError` when files
    of a job are missing."""

    def __init__(self, service: JobService, objects: Objects, recorder: ReplyRecorder) -> None:
        self._service, self._objects, self._recorder = service, objects, recorder

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """The jobs with these questions, created where there are none.

        A question is in one job only, unless that job ended without any answer. Questions that are too few for a job
        are left out: ask them on demand."""
        left = {question.key: question for question in questions}
        jobs = []
        for job, keys in self._existing(questions):
            if not left.keys().isdisjoint(keys):
                jobs.append(job)
                left = {key: question for key, question in left.items() if key not in keys}
        kinds = groupby(sorted(left.values(), key=_kind), _kind)
        limits = self._service.settings.batch
        jobs += [self._prepare(part) for _, group in kinds for part in split_questions(list(group), limits)]
        return [self._create(job) for job in jobs]

    def jobs(self) -> list[BatchJob]:
        """All recorded jobs, newest first. Looks up by name those that were created but not recorded as such, because
        the process was killed in between."""
        jobs = [job if job.arn else self.status(job) for job in self._read_records("omnix-")]
        now = self._recorder.now()
        return sorted(jobs, key=lambda job: (job.as_of, job.submitted_at or now, job.name), reverse=True)

    def status(self, job: BatchJob) -> BatchJob:
        """The job with its present status. A job that Bedrock does not know stays `prepared`: submit it again."""
        arn = job.arn or self._service.find(job.name)
        if arn is None:
            return self._update(job)
        status, message = self._service.get(job, arn)
        return self._update(job, arn=arn, status=status, message=message)

    def collect(self, job: BatchJob) -> BatchJob:
        """Keeps the answers of a job that has ended in the ledger; a job that is running stays as it is.

        Questions without an answer count as `failed`: ask them on demand."""
        job = job if job.ended else self.status(job)
        if not job.ended:
            return job
        errors: Counter[str] = Counter()
        with tempfile.TemporaryFile() as file, self._open_customers(job) as customer_lines:
            customers = _CustomerLines(file, customer_lines)
            for lines in batched(self._answer_lines(job), _ANSWERS_IN_MEMORY):
                self._keep(customers, lines, errors)
        collected = len(customers.answered)
        for error, times in errors.most_common(5):
            _log.warning("job=%s failed_records=%d reason=%r", job.name, times, error)
        missing = job.questions - collected - errors.total()
        if missing > 0:
            _log.warning("job=%s missing_records=%d status=%s", job.name, missing, job.status)
        return self._update(job, collected=collected, failed=job.questions - collected, done=True)

    def _existing(self, questions: Sequence[Question]) -> Iterator[tuple[BatchJob, set[str]]]:
        """The jobs of the questions' days, each with the keys of its questions."""
        for prefix in sorted({name_prefix(question) for question in questions}):
            for job in self._read_records(prefix):
                if not _is_unanswered(job):
                    with self._open_customers(job) as lines:
                        yield job, {question_key(line) for line in lines}

    def _prepare(self, questions: list[Question]) -> BatchJob:
        """The record of a new job, written after all its files."""
        name = base = job_name(questions)
        attempt = 1
        while recorded := self._read_record(f"{name}{_RECORD}"):
            if not _is_unanswered(recorded):
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
        )
        self._objects.write_lines(f"{name}{_CUSTOMERS}", map(customers_line, questions))
        self._objects.write_lines(f"{name}/input.jsonl", (request_line(each, temperature) for each in questions))
        return self._update(job)

    def _create(self, job: BatchJob) -> BatchJob:
        if job.arn:
            return job
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

    def _open_customers(self, job: BatchJob) -> AbstractContextManager[Iterable[bytes]]:
        try:
            return self._objects.open(f"{job.name}{_CUSTOMERS}")
        except FileNotFoundError as error:
            raise DataError(
                f"{error} is missing: it names the customers in the answers of the job {job.name}",
                hint="Restore it, or delete the job's job.json: its questions are then asked, and paid for, again.",
            ) from error

    def _answer_lines(self, job: BatchJob) -> Iterator[bytes]:
        """The lines of all answers that Bedrock wrote."""
        for key in self._objects.keys(f"{job.name}/output/"):
            if key.endswith(".jsonl.out"):
                with self._objects.open(key) as lines:
                    yield from (line for line in lines if line.strip())

    def _keep(self, customers: _CustomerLines, lines: Iterable[bytes], errors: Counter[str]) -> None:
        replies: list[tuple[Reply, Question]] = []
        for line in lines:
            answer = read_answer_line(line)
            key = str(answer.get("recordId", ""))
            found = customers.find(key)
            if found is None or "modelOutput" not in answer:
                errors[_error_of(answer, is_ours=found is not None)] += 1
                continue
            try:
                question = answered_question(found, answer)
                replies.append((self._recorder.batch(question, answer["modelOutput"]), question))
                customers.answered.add(key)
            except (LookupError, TypeError) as error:
                errors[f"the answer cannot be read: {error!r}"] += 1
        self._recorder.ledger.keep_all(replies)


class _CustomerLines:
    """The customers of a job's questions, on disk and found by key, so that a large job needs little memory."""

    def __init__(self, file: IO[bytes], lines: Iterable[bytes]) -> None:
        self._file = file
        self._offsets: dict[str, int] = {}
        self.answered: set[str] = set()
        for line in lines:
            self._offsets[question_key(line)] = file.tell()
            file.write(line)

    def find(self, key: str) -> bytes | None:
        if key not in self._offsets:
            return None
        self._file.seek(self._offsets[key])
        return self._file.readline()


def _kind(question: Question) -> tuple[str, str, str]:
    """What all questions of a job have in common."""
    return question.model, question.prompt, question.as_of.isoformat()


def _is_unanswered(job: BatchJob) -> bool:
    """Whether the job ended without any answer: nothing was paid, and its questions may be submitted again."""
    return job.done and job.collected == 0


def _error_of(answer: dict[str, object], *, is_ours: bool) -> str:
    if not answer:
        return "a line is damaged"
    if not is_ours:
        return "a record belongs to no question of the job"
    error = answer.get("error")
    return str(error.get("errorMessage", error)) if isinstance(error, dict) else "there is neither answer nor error"
