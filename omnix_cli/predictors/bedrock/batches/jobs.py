"""Batch jobs: questions as files on S3, handed to Bedrock in bulk, and the answers collected into the ledger.

    <location>/omnix-<day>-<hash of the questions>/
        input.jsonl        the requests; Bedrock's role reads this
        questions.jsonl    about whom each is; nothing but omnix reads this
        job.json           the record of the job: written before Bedrock hears of it, and kept up to date
        output/<id>/       what Bedrock writes

Everything about a job follows from its questions and its record, so each call can be repeated from any machine, also
after one was killed half-way: files are written again as they were, the record is put on a condition, and a job is
made under the same name and token or found by its name.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import count, groupby, islice
from typing import IO

from omnix_cli.errors import DataError
from omnix_cli.predictors.bedrock.asking.conversation import reply
from omnix_cli.predictors.bedrock.asking.money import Prices, PriceTable
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.predictors.bedrock.batches.records import (
    asked,
    job_name,
    name_beginning,
    parts,
    read_answer,
    request_line,
    subject_key,
    subject_line,
    updated,
)
from omnix_cli.protocols.models import AnswerLedger, Objects
from omnix_cli.records import BatchJob, Question, Reply

_log = logging.getLogger(__name__)
_RECORD = "/job.json"
_THREADS = 8
"""Records of jobs that are read at a time."""
_TOGETHER = 512
"""Answers that are in memory at a time."""


class BedrockBatches:
    """Implements `protocols.BatchJobs`. `objects` is what lies at `bedrock.batch.location`, `run` the id of the
    run that collects. Raises `UnavailableError` for what may pass, `ConfigError` for what the user must mend, and
    `DataError` when files of a job were taken away."""

    def __init__(
        self,
        service: JobService,
        objects: Objects,
        ledger: AnswerLedger,
        *,
        prices: PriceTable,
        now: Callable[[], datetime],
        run: str = "",
    ) -> None:
        self._service, self._objects, self._ledger = service, objects, ledger
        self._prices, self._now, self._run = prices, now, run

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """The jobs that hold these questions, made where there are none.

        A question that is in a job already goes into no other, unless that one ended without a single answer. Too few
        questions to be a job are left out: they have to be asked on demand."""
        left = {question.key: question for question in questions}
        jobs = []
        for job, keys in self._made(questions):
            if not left.keys().isdisjoint(keys):
                jobs.append(job)
                left = {key: question for key, question in left.items() if key not in keys}
        kinds = groupby(sorted(left.values(), key=_kind), _kind)
        jobs += [self._prepare(part) for _, group in kinds for part in self._parts(list(group))]
        return [self._hand_over(job) for job in jobs]

    def jobs(self) -> list[BatchJob]:
        """All jobs that have a record, newest first. One of which only Bedrock knows that it was handed over, since
        whoever did it was killed before the record said so, is found by its name."""
        found = [job if job.arn else self.status(job) for job in self._read_records("omnix-")]
        return sorted(found, key=lambda job: (job.as_of, job.submitted_at or self._now(), job.name), reverse=True)

    def status(self, job: BatchJob) -> BatchJob:
        """The job as it stands now. One that Bedrock does not know by its name stays `prepared`: submit it again."""
        arn = job.arn or self._service.find(job.name)
        if arn is None:
            return self._update(job)
        status, message = self._service.get(job, arn)
        return self._update(job, arn=arn, status=status, message=message)

    def collect(self, job: BatchJob) -> BatchJob:
        """The answers of a job that has ended, into the ledger; one that has not is left as it stands.

        What failed or is missing counts as `failed`, and is to be asked on demand."""
        if not job.ended:
            job = self.status(job)
        if not job.ended:
            return job
        troubles: Counter[str] = Counter()
        with self._subjects(job) as subjects:
            for answers in _chunks(self._answers(job), _TOGETHER):
                self._keep(job, subjects, answers, troubles)
            collected = len(subjects.answered)
        for trouble, times in troubles.most_common(5):
            _log.warning("job=%s failed_records=%d reason=%r", job.name, times, trouble)
        missing = job.questions - collected - troubles.total()
        if missing > 0:
            _log.warning("job=%s missing_records=%d status=%s", job.name, missing, job.status)
        return self._update(job, collected=collected, failed=job.questions - collected, done=True)

    def _batch_prices(self, model: str) -> Prices:
        return self._prices.of(model).at(Decimal(str(self._service.settings.batch.price_share)))

    def _made(self, questions: Sequence[Question]) -> Iterator[tuple[BatchJob, set[str]]]:
        """The jobs there are of the days of the questions, with the keys of their questions."""
        for beginning in sorted({name_beginning(question) for question in questions}):
            for job in self._read_records(beginning):
                if not _is_spent(job):
                    with self._open_subjects(job) as lines:
                        yield job, {subject_key(line) for line in lines}

    def _parts(self, questions: list[Question]) -> list[list[Question]]:
        batch = self._service.settings.batch
        if len(questions) < batch.min_records:
            return []
        return parts(questions, max_records=batch.max_records)

    def _prepare(self, questions: list[Question]) -> BatchJob:
        """The record of a new job, which is there when all that belongs to it is there."""
        base = job_name(questions)
        for attempt in count(1):
            name = base if attempt == 1 else f"{base}-{attempt}"
            found = self._read_record(f"{name}{_RECORD}")
            if found is None:
                return self._write(name, questions)
            if not _is_spent(found):
                return found
        raise AssertionError("count does not end")

    def _write(self, name: str, questions: list[Question]) -> BatchJob:
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
        self._objects.write_lines(_subjects_of(job), map(subject_line, questions))
        self._objects.write_lines(f"{name}/input.jsonl", (request_line(each, temperature) for each in questions))
        return self._update(job)

    def _hand_over(self, job: BatchJob) -> BatchJob:
        if job.arn:
            return job
        arn = self._service.hand_over(job)
        _log.info("job=%s questions=%d arn=%s handed over", job.name, job.questions, arn)
        return self._update(job, arn=arn, status="Submitted", submitted_at=self._now())

    def _update(self, job: BatchJob, **known: object) -> BatchJob:
        """Writes the record of a job with what is known of it now."""
        told = job.model_copy(update=known)
        kept = [told]

        def edit(content: bytes | None) -> bytes:
            kept[:] = [updated(content, told)]
            return kept[0].model_dump_json(indent=1).encode()

        self._objects.change(f"{job.name}{_RECORD}", edit)
        return kept[0]

    def _read_records(self, beginning: str) -> list[BatchJob]:
        keys = [key for key in self._objects.keys(beginning) if key.endswith(_RECORD)]
        with ThreadPoolExecutor(_THREADS) as threads:
            return [job for job in threads.map(self._read_record, keys) if job is not None]

    def _read_record(self, key: str) -> BatchJob | None:
        try:
            return BatchJob.model_validate_json(self._objects.read(key))
        except FileNotFoundError:
            return None

    @contextmanager
    def _subjects(self, job: BatchJob) -> Iterator[_Subjects]:
        with tempfile.TemporaryFile() as file, self._open_subjects(job) as lines:
            yield _Subjects(file, lines)

    def _open_subjects(self, job: BatchJob) -> AbstractContextManager[Iterable[bytes]]:
        try:
            return self._objects.open(_subjects_of(job))
        except FileNotFoundError as error:
            raise DataError(
                f"{error} is gone, so nobody knows whom the answers of the job {job.name} are about",
                hint="Put it back; or delete its job.json, then what it asked is asked, and paid, again.",
            ) from error

    def _answers(self, job: BatchJob) -> Iterator[bytes]:
        """The lines of all answers that Bedrock wrote."""
        for key in self._objects.keys(f"{job.name}/output/"):
            if key.endswith(".jsonl.out"):
                with self._objects.open(key) as lines:
                    yield from (line for line in lines if line.strip())

    def _keep(self, job: BatchJob, subjects: _Subjects, lines: Iterable[bytes], troubles: Counter[str]) -> None:
        replies: list[tuple[Reply, Question]] = []
        prices = self._batch_prices(job.model)
        for line in lines:
            answer = read_answer(line)
            key = str(answer.get("recordId", ""))
            subject = subjects.find(key)
            if subject is None or "modelOutput" not in answer:
                troubles[_trouble(answer, is_ours=subject is not None)] += 1
                continue
            try:
                question = asked(subject, answer)
                output = answer["modelOutput"]
                seconds = output.get("metrics", {}).get("latencyMs", 0) / 1000
                said = reply(question, output, prices, "batch", seconds=seconds, now=self._now(), run=self._run)
                replies.append((said, question))
                subjects.answered.add(key)
            except (LookupError, TypeError) as error:
                troubles[f"the answer cannot be read: {error!r}"] += 1
        self._ledger.keep_all(replies)


class _Subjects:
    """About whom the questions of a job are: on disk, found by key, so that any number of them takes little memory."""

    def __init__(self, file: IO[bytes], lines: Iterable[bytes]) -> None:
        self._file = file
        self._places: dict[str, int] = {}
        self.answered: set[str] = set()
        for line in lines:
            self._places[subject_key(line)] = file.tell()
            file.write(line)

    def find(self, key: str) -> bytes | None:
        """The line of that key."""
        if key not in self._places:
            return None
        self._file.seek(self._places[key])
        return self._file.readline()


def _kind(question: Question) -> tuple[str, str, str]:
    """What all questions of a job have in common."""
    return question.model, question.prompt, question.as_of.isoformat()


def _is_spent(job: BatchJob) -> bool:
    """Whether the job is over without one answer: nothing was paid, and its questions may be handed over again."""
    return job.done and job.collected == 0


def _subjects_of(job: BatchJob) -> str:
    return f"{job.name}/questions.jsonl"


def _trouble(answer: dict[str, object], *, is_ours: bool) -> str:
    if not answer:
        return "a line is damaged"
    if not is_ours:
        return "a record is of no question of the job"
    error = answer.get("error")
    return str(error.get("errorMessage", error)) if isinstance(error, dict) else "there is neither answer nor error"


def _chunks(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, size)):
        yield chunk
