"""Bedrock's jobs: made, found and asked about, as often as it takes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import answer_of, connect
from omnix_cli.predictors.bedrock.asking.errors import Trouble
from omnix_cli.records import BatchJob
from omnix_cli.settings import BedrockSettings

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
"""Seconds before Bedrock is asked again, at most: a random share of them (full jitter)."""
_HINTS = {
    "ValidationException": "Check bedrock.model (not every model knows batches), bedrock.batch.role_arn and .location.",
    "ConflictException": "Another job has this name; remove the folder of the job at bedrock.batch.location.",
}


@dataclass
class JobService:
    """The jobs of an account in a region. `client` is boto3's and does not try again by itself."""

    client: Any
    settings: BedrockSettings
    sleep: Callable[[float], None] = time.sleep
    random: random.Random = field(default_factory=lambda: random.Random(0))

    def hand_over(self, job: BatchJob) -> str:
        """The ARN of the job of that name, which is made if there is none; asked again it makes no second one."""
        found = self.find(job.name)
        if found:
            return found
        request = self._request(job)
        try:
            return str(self._call("create_model_invocation_job", job.model, "jobArn", **request)["jobArn"])
        except ConfigError:  # perhaps somebody made it between our looking and our making
            found = self.find(job.name)
            if found:
                return found
            raise

    def find(self, name: str) -> str | None:
        """The ARN of the job of that name, or None."""
        return next((str(job["jobArn"]) for job in self._named(name) if job["jobName"] == name), None)

    def get(self, job: BatchJob, arn: str) -> tuple[str, str]:
        """The state of a job, and what Bedrock says to it."""
        answer = self._call("get_model_invocation_job", job.model, "status", jobIdentifier=arn)
        return str(answer["status"]), str(answer.get("message") or "")

    def _named(self, name: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            told = "invocationJobSummaries"
            page = self._call("list_model_invocation_jobs", name, told, nameContains=name, **after)
            yield from page[told]
            if not page.get("nextToken"):
                return
            after = {"nextToken": page["nextToken"]}

    def _request(self, job: BatchJob) -> dict[str, Any]:
        batch = self.settings.batch
        if not batch.role_arn:
            raise ConfigError(
                "Bedrock has no role to read and write the files of a batch with",
                hint="Set bedrock.batch.role_arn, or ask on demand (--predictor bedrock).",
            )
        if self.settings.guardrail:
            raise ConfigError(
                "a guardrail is set, and batches know none",
                hint="Ask on demand (--predictor bedrock), or leave bedrock.guardrail out.",
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

    def _call(self, operation: str, about: str, told: str, **request: Any) -> dict[str, Any]:
        """The answer to a request, which may be made any number of times; `told` is what it has to have.

        Raises `UnavailableError` when there is none after all attempts, `ConfigError` when there will never be."""
        for attempt in range(self.settings.attempts):
            try:
                answer = answer_of(self.client, operation, request, about)
                if told in answer:
                    return answer
                trouble = Trouble("lost", "incomplete_answer", f"the answer has no {told}")
            except Trouble as error:
                trouble = error
            doing = f"{operation} of {about}: {trouble.detail} ({trouble.reason})"
            if trouble.kind == "refused":
                raise ConfigError(doing, hint=_HINTS.get(trouble.reason, "Check the settings under bedrock."))
            if attempt + 1 < self.settings.attempts:
                self.sleep(self.random.random() * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt))
        raise UnavailableError(doing, hint="Try again later: what was handed over is found again.")


def connect_jobs(settings: BedrockSettings) -> JobService:
    """The jobs that the settings name. Raises `ConfigError` when there is no region, profile or credentials, or when
    the data would leave their region."""
    return JobService(connect(settings, "bedrock"), settings)
