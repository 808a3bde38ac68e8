"""Bedrock's jobs over boto3: made, found and asked about, with Bedrock's troubles in the user's terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.records import BatchJob
from omnix_cli.settings import BedrockSettings

_PASSING = {"ThrottlingException", "TooManyRequestsException", "InternalServerException", "ServiceUnavailableException"}
_QUOTA = "ServiceQuotaExceededException"
_CONFLICT = "ConflictException"
_HINTS = {
    "AccessDeniedException": "Check the profile and its rights (bedrock:CreateModelInvocationJob, bedrock:GetModel"
    "InvocationJob, bedrock:ListModelInvocationJobs, iam:PassRole), and that the model is enabled in this region.",
    "ResourceNotFoundException": "Check bedrock.model, and that region and profile are those of the job.",
    "ValidationException": "Check bedrock.model (not every model knows batches), bedrock.batch.role_arn and .location.",
    "ExpiredTokenException": "Log in again (`aws sso login`), or renew the AWS_* variables.",
    "UnrecognizedClientException": "Choose a profile with bedrock.profile, log in again, or set the AWS_* variables.",
}


@dataclass(frozen=True)
class JobService:
    """The jobs of an account in a region. What throttles or fails is tried again by boto3, as often as it was told."""

    client: Any
    settings: BedrockSettings

    def hand_over(self, job: BatchJob) -> str:
        """The ARN of the job of that name, which is made if there is none; asked again it makes no second one."""
        return self.find(job.name) or self._create(job)

    def find(self, name: str) -> str | None:
        """The ARN of the job of that name, or None."""
        with _troubles_told(f"finding the job {name}"):
            pages = self.client.get_paginator("list_model_invocation_jobs").paginate(nameContains=name)
            found = [job for page in pages for job in page["invocationJobSummaries"] if job["jobName"] == name]
        return str(found[0]["jobArn"]) if found else None

    def get(self, arn: str) -> tuple[str, str]:
        """The state of a job, and what Bedrock says to it."""
        with _troubles_told(f"asking about {arn}"):
            answer = self.client.get_model_invocation_job(jobIdentifier=arn)
        return str(answer["status"]), str(answer.get("message") or "")

    def _create(self, job: BatchJob) -> str:
        from botocore.exceptions import ClientError

        try:
            with _troubles_told(f"handing over the job {job.name}"):
                return str(self.client.create_model_invocation_job(**self._request(job))["jobArn"])
        except ConfigError as error:  # somebody made it between our looking and our making
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == _CONFLICT:
                found = self.find(job.name)
                if found:
                    return found
            raise

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


def connect_jobs(settings: BedrockSettings) -> JobService:
    """The jobs that the settings name. Raises `ConfigError` when there is no region, profile or credentials."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "total_max_attempts": settings.attempts}, tcp_keepalive=True)
    with _troubles_told("no way to Bedrock"):
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        return JobService(session.client("bedrock", endpoint_url=settings.endpoint_url, config=config), settings)


@contextmanager
def _troubles_told(doing: str) -> Iterator[None]:
    """Turns the errors of botocore into `ConfigError` (what the user must mend) and `UnavailableError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        answer = error.response
        code, status = answer["Error"].get("Code", ""), answer["ResponseMetadata"]["HTTPStatusCode"]
        raise _refusal(doing, code, answer["Error"].get("Message") or code, status) from error
    except BotoCoreError as error:
        raise _trouble(doing, error) from error


def _refusal(doing: str, code: str, message: str, status: int) -> OmnixError:
    told = f"{doing}: {message} ({code})"
    if code == _QUOTA:
        return UnavailableError(told, hint="Try again when other jobs have ended, or ask AWS for a higher quota.")
    if code in _PASSING or status >= 500 or status == 429:
        return UnavailableError(told, hint="Try again later: what was handed over is found again.")
    return ConfigError(told, hint=_HINTS.get(code, "Check the settings under bedrock."))


def _trouble(doing: str, error: Exception) -> OmnixError:
    from botocore import exceptions

    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return UnavailableError(f"{doing}: Bedrock cannot be reached: {error}", hint="Try again later.")
    return ConfigError(
        f"{doing}: {error}", hint="Log in, choose a profile with bedrock.profile, or set the AWS_* variables."
    )
