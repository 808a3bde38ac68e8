"""The batch jobs of Bedrock: created, found and checked, with retries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omnix_cli.backoff import full_jitter
from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import RequestFailed, call
from omnix_cli.records import BatchJob
from omnix_cli.settings import BedrockSettings

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
"""The most seconds before the first and before any other retry."""
_HINTS = {
    "ValidationException": "Check bedrock.model (not all support batches) and bedrock.batch: role_arn and location.",
    "ConflictException": "Another job has this name. Remove the folder of the job at bedrock.batch.location.",
}


@dataclass
class JobService:
    """The jobs of an account in a region. `client` is a boto3 client that does not retry by itself."""

    client: Any
    settings: BedrockSettings
    sleep: Callable[[float], None] = time.sleep
    random: random.Random = field(default_factory=lambda: random.Random(0))

    def create(self, job: BatchJob) -> str:
        """The ARN of the job with this name, which is created if there is none. Calling it again is safe."""
        if found := self.find(job.name):
            return found
        request = self._request(job)
        try:
            return str(self._call("create_model_invocation_job", job.model, "jobArn", **request)["jobArn"])
        except ConfigError:  # another machine may have created it since we looked
            if found := self.find(job.name):
                return found
            raise

    def find(self, name: str) -> str | None:
        return next((str(job["jobArn"]) for job in self._named(name) if job["jobName"] == name), None)

    def get(self, job: BatchJob, arn: str) -> tuple[str, str, int | None]:
        """The status of a job, Bedrock's message about it, and how many records it has processed, if it says so."""
        answer = self._call("get_model_invocation_job", job.model, "status", jobIdentifier=arn)
        return str(answer["status"]), str(answer.get("message") or ""), answer.get("processedRecordCount")

    def _named(self, name: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            listed = "invocationJobSummaries"
            page = self._call("list_model_invocation_jobs", name, listed, nameContains=name, **after)
            yield from page[listed]
            if not page.get("nextToken"):
                return
            after = {"nextToken": page["nextToken"]}

    def _request(self, job: BatchJob) -> dict[str, Any]:
        batch = self.settings.batch
        if not batch.role_arn:
            raise ConfigError(
                "batch jobs need a role to read and write their files",
                hint="Set bedrock.batch.role_arn, or ask on demand (--predictor bedrock).",
            )
        if self.settings.guardrail:
            raise ConfigError(
                "batch jobs do not support guardrails, and bedrock.guardrail is set",
                hint="Ask on demand (--predictor bedrock), or remove bedrock.guardrail.",
            )
        tags = [{"key": key, "value": value} for key, value in sorted(self.settings.metadata.items())]
        return {
            "jobName": job.name,
            "clientRequestToken": job.token,
            "modelId": job.model,
            "roleArn": batch.role_arn,
            "modelInvocationType": "Converse",
            "timeoutDurationInHours": batch.timeout_hours,
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": job.input, "s3InputFormat": "JSONL"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": job.output}},
            **({"tags": tags} if tags else {}),
        }

    def _call(self, operation: str, about: str, needed: str, **request: Any) -> dict[str, Any]:
        """The answer to a request that is safe to repeat; it must have the field `needed`.

        Raises `UnavailableError` after the last attempt, `ConfigError` when a retry never helps."""
        for attempt in range(self.settings.attempts):
            try:
                answer = call(self.client, operation, request, about)
                if needed in answer:
                    return answer
                failed = RequestFailed("lost", "incomplete_answer", f"the answer has no {needed}")
            except RequestFailed as error:
                failed = error
            message = f"{operation} of {about}: {failed.detail} ({failed.reason})"
            if failed.kind == "refused":
                raise ConfigError(message, hint=_HINTS.get(failed.reason, "Check the settings under bedrock."))
            if attempt + 1 < self.settings.attempts:
                self.sleep(full_jitter(attempt, base=_FIRST_WAIT, cap=_LONGEST_WAIT, random=self.random))
        raise UnavailableError(message, hint="Try again later. omnix finds the jobs that exist.")
