"""Model invocation jobs: requests from JSONL files on S3, answers beside them, and the ways a job can end."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from tests.aws.accounts import ENVIRONMENT
from tests.aws.bedrock.behaviour import Behaviour
from tests.aws.bedrock.faults import JOB, RECORD, Chance
from tests.aws.bedrock.model import Model
from tests.aws.bedrock.wire import Refused, problems_of

_STEPS = {"Submitted": "Validating", "Validating": "Scheduled", "Scheduled": "InProgress"}
ENDS = ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired")
_ENDS_BY_FAULT = {"job_stopped": ("Stopped", 0.5), "job_partial": ("PartiallyCompleted", 0.7)}


@dataclass
class Job:
    """A job; `fault` is how it is to end, `texts` what GetModelInvocationJob says besides."""

    identity: str
    parameters: dict[str, Any]
    region: str
    fault: str | None
    submitted: datetime
    status: str = "Submitted"
    message: str = ""
    modified: datetime | None = None
    ended: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def arn(self) -> str:
        return f"arn:aws:bedrock:{self.region}:123456789012:model-invocation-job/{self.identity}"

    def description(self) -> dict[str, Any]:
        """What the service returns about it."""
        asked = {
            name: self.parameters[name]
            for name in ("jobName", "modelId", "roleArn", "clientRequestToken", "inputDataConfig", "outputDataConfig")
            if name in self.parameters
        }
        times = {"submitTime": self.submitted, "lastModifiedTime": self.modified, "endTime": self.ended}
        return {
            **asked,
            "jobArn": self.arn,
            "status": self.status,
            "message": self.message,
            "timeoutDurationInHours": self.parameters.get("timeoutDurationInHours", 24),
            "jobExpirationTime": _written(self.submitted + timedelta(hours=24)),
            "modelInvocationType": self.parameters.get("modelInvocationType", "InvokeModel"),
            **{name: _written(value) for name, value in times.items() if value},
            **{f"{name}RecordCount": self.counts[name] for name in ("total", "processed", "success", "error")},
        }


class Jobs:
    """All jobs. Each takes one step at a time: when it is asked about, or by itself after a while."""

    def __init__(
        self, model: Model, chance: Chance, behaviour: Callable[[], Behaviour], s3_endpoint: str | None
    ) -> None:
        self._model, self._chance, self._behaviour = model, chance, behaviour
        self._s3_endpoint = s3_endpoint
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def create(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        if self._s3_endpoint is None:
            raise Refused("ValidationException", "The double was given no S3.")
        with self._lock:
            token = parameters.get("clientRequestToken")
            for job in self._jobs.values():
                if token is not None and job.parameters.get("clientRequestToken") == token:
                    return {"jobArn": job.arn}
                if job.parameters["jobName"] == parameters["jobName"]:
                    raise Refused("ConflictException", f"The job name {parameters['jobName']} is already in use.")
            identity = hashlib.sha256(f"{parameters['jobName']}{len(self._jobs)}".encode()).hexdigest()[:12]
            fault = self._chance.fault(JOB, parameters["jobName"].encode())
            job = Job(identity, parameters, region, fault, datetime.now(UTC))
            self._jobs[identity] = job
        step = self._behaviour().job_step_seconds
        if step is not None:
            thread = threading.Thread(target=self._go_on, args=(job, step), daemon=True)
            self._threads.append(thread)
            thread.start()
        return {"jobArn": job.arn}

    def get(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The description of a job, which then goes one step further."""
        job = self._job(parameters)
        description = job.description()
        if self._behaviour().job_step_seconds is None:
            self._step(job)
        return description

    def list(self, parameters: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = [job for job in self._jobs.values() if _is_wanted(job, parameters)]
        if parameters.get("sortOrder") != "Ascending":
            found.reverse()
        first, size = int(parameters.get("nextToken", "0")), int(parameters.get("maxResults", 100))
        rest = {"nextToken": str(first + size)} if first + size < len(found) else {}
        return {"invocationJobSummaries": [job.description() for job in found[first : first + size]], **rest}

    def stop(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Half of the records of a job at work are done by then."""
        job = self._job(parameters)
        with job.lock:
            if job.status in ENDS:
                raise Refused("ConflictException", f"The job is {job.status} and cannot be stopped.")
            job.fault = "job_stopped"
            if job.status == "InProgress":
                job.status = "Stopping"
            else:
                self._end(job, "Stopped", "The job was stopped before it began.")
        return {}

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _job(self, parameters: dict[str, Any]) -> Job:
        identity = parameters["jobIdentifier"].rpartition("/")[2]
        with self._lock:
            if identity not in self._jobs:
                raise Refused("ResourceNotFoundException", f"There is no job {identity}.")
            return self._jobs[identity]

    def _go_on(self, job: Job, step: float) -> None:
        while job.status not in ENDS and not self._closing.wait(step):
            self._step(job)

    def _step(self, job: Job) -> None:
        with job.lock:
            if job.status in ENDS:
                return
            job.modified = datetime.now(UTC)
            if job.status == "Validating" and (problem := self._problem(job)):
                self._end(job, "Failed", problem)
            elif job.status == "Scheduled" and job.fault == "job_expired":
                self._end(job, "Expired", "The job timed out before it began.")
            elif job.status in _STEPS:
                job.status = _STEPS[job.status]
            else:
                self._work(job)

    def _problem(self, job: Job) -> str | None:
        if job.fault == "job_failed":
            return "Amazon Bedrock encountered an internal error. Retry your request."
        behaviour = self._behaviour()
        try:
            records_in = [sum(1 for _ in self._lines(job, key)) for key in self._inputs(job)]
        except ClientError as error:
            return f"The input cannot be read: {error}"
        if not records_in:
            return "No .jsonl file was found at the input location."
        for records in records_in:
            job.counts["total"] += records
            if records < behaviour.min_records:
                return f"The file contains less records ({records}) than the minimum of {behaviour.min_records}."
            if records > behaviour.max_records:
                return f"The file contains more records ({records}) than the maximum of {behaviour.max_records}."
        return None

    def _work(self, job: Job) -> None:
        status, share = _ENDS_BY_FAULT.get(job.fault or "", ("Completed", 1.0))
        left = round(job.counts["total"] * share)
        tokens: Counter[str] = Counter()
        files: dict[str, bytes] = {}
        for key in self._inputs(job):
            content, left = self._answer_file(job, key, left, tokens)
            files[f"{key.rpartition('/')[2]}.out"] = content
        counts = {f"{name}RecordCount": job.counts[name] for name in ("total", "processed", "success", "error")}
        manifest = {**counts, "inputTokenCount": tokens["inputTokens"], "outputTokenCount": tokens["outputTokens"]}
        files["manifest.json.out"] = json.dumps(manifest).encode()
        for name, content in self._behaviour().oddity.files(files).items():
            self._s3.put_object(Bucket=_bucket(self._output(job)), Key=f"{self._target(job)}{name}", Body=content)
        self._end(job, status, "" if status == "Completed" else f"{job.counts['processed']} records were processed.")

    def _answer_file(self, job: Job, key: str, left: int, tokens: Counter[str]) -> tuple[bytes, int]:
        """Answers in another order than the requests, and how many records may still be done."""
        answers: list[dict[str, Any]] = []
        for number, line in enumerate(self._lines(job, key)):
            if left == 0:
                break
            left -= 1
            answer = self._answer(job, number, line, tokens)
            if answer is not None:
                answers.append(answer)
        random.Random(job.identity).shuffle(answers)
        return b"".join(json.dumps(line).encode() + b"\n" for lines in map(self._odd, answers) for line in lines), left

    def _odd(self, record: dict[str, Any]) -> list[Any]:
        """The lines that stand for a record."""
        if "modelOutput" not in record:
            return [record]
        oddity = self._behaviour().oddity
        return oddity.record({**record, "modelOutput": oddity.answer(record["modelOutput"])})

    def _answer(self, job: Job, number: int, line: bytes, tokens: Counter[str]) -> dict[str, Any] | None:
        """A line of the output, or None for a record that goes missing."""
        fault = self._chance.fault(RECORD, line)
        job.counts["processed"] += 1
        record: dict[str, Any] = {"recordId": f"{number:011d}"}
        try:
            record |= json.loads(line)
            if fault == "failed_record":
                raise Refused("InternalServerException", "The record could not be processed.")
            body = record["modelInput"]
            model = job.parameters["modelId"]
            problems = problems_of({"modelId": model, **body}, "Converse")
            if problems:
                raise Refused("ValidationException", "; ".join(problems))
            answer = self._model.converse(model, body, self._behaviour(), fault, way="batch")
        except (Refused, ValueError, KeyError) as error:
            job.counts["error"] += 1
            status = error.status if isinstance(error, Refused) else 400
            return {**record, "error": {"errorCode": status, "errorMessage": str(error), "expired": False}}
        job.counts["success"] += 1
        tokens.update(answer["usage"])
        return None if fault == "missing_record" else {**record, "modelOutput": answer}

    def _end(self, job: Job, status: str, message: str) -> None:
        job.status, job.message, job.ended = status, message, datetime.now(UTC)

    def _inputs(self, job: Job) -> Iterator[str]:
        uri = job.parameters["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=_bucket(uri), Prefix=_key(uri))
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", ()) if entry["Key"].endswith(".jsonl"))

    def _lines(self, job: Job, key: str) -> Iterator[bytes]:
        uri = job.parameters["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
        body = self._s3.get_object(Bucket=_bucket(uri), Key=key)["Body"]
        return (line for line in body.iter_lines(1 << 20) if line.strip())

    def _output(self, job: Job) -> str:
        return str(job.parameters["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])

    def _target(self, job: Job) -> str:
        prefix = _key(self._output(job)).rstrip("/")
        return f"{prefix}/{job.identity}/" if prefix else f"{job.identity}/"

    @cached_property
    def _s3(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self._s3_endpoint,
            region_name=ENVIRONMENT["AWS_DEFAULT_REGION"],
            aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        )


def _is_wanted(job: Job, parameters: dict[str, Any]) -> bool:
    submitted = _written(job.submitted)
    return (
        parameters.get("nameContains", "") in job.parameters["jobName"]
        and parameters.get("statusEquals", job.status) == job.status
        and parameters.get("submitTimeAfter", "") <= submitted
        and submitted <= parameters.get("submitTimeBefore", "9")
    )


def _bucket(uri: str) -> str:
    return urlsplit(uri).netloc


def _key(uri: str) -> str:
    return urlsplit(uri).path.lstrip("/")


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
