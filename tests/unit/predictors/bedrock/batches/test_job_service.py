from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.records import BatchJob
from omnix_cli.settings import BedrockSettings
from tests.questions import DAY

JOB = BatchJob(name="job-2", model="m", prompt="p", as_of=DAY, questions=9, input="i", output="o", token="job-2")


def client_error(code: str, status: int) -> ClientError:
    details = {"Error": {"Code": code, "Message": "so it is"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(details, "operation")  # type: ignore[arg-type]


class Bedrock:
    """Jobs in memory, listed one a page; `errors` are raised first."""

    def __init__(self, *names: str, errors: list[ClientError] | None = None) -> None:
        self.names, self.errors, self.created = list(names), errors or [], 0

    def list_model_invocation_jobs(self, nameContains: str, nextToken: str = "0") -> dict[str, Any]:
        if self.errors:
            raise self.errors.pop(0)
        names, place = [name for name in self.names if nameContains in name], int(nextToken)
        page = [{"jobName": name, "jobArn": f"arn:{name}"} for name in names[place : place + 1]]
        more = {"nextToken": str(place + 1)} if place + 1 < len(names) else {}
        return {"invocationJobSummaries": page, **more}

    def create_model_invocation_job(self, jobName: str, **request: Any) -> dict[str, Any]:
        self.created += 1
        self.names.append(jobName)
        return {"jobArn": f"arn:{jobName}"}


def service(client: Bedrock, slept: list[float] | None = None) -> JobService:
    settings = BedrockSettings.model_validate({"attempts": 3, "batch": {"role_arn": "arn:role"}})
    return JobService(client, settings, sleep=(slept if slept is not None else []).append)


def test_a_job_is_found_on_any_page_and_created_once() -> None:
    client = Bedrock("job-2-2", "job-2-1")
    assert service(client).find("job-2") is None
    assert service(client).create(JOB) == service(client).create(JOB) == "arn:job-2"
    assert client.created == 1


def test_temporary_errors_are_retried_with_longer_waits() -> None:
    slept: list[float] = []
    throttled = [client_error("ThrottlingException", 429) for _ in range(2)]
    assert service(Bedrock("job-2", errors=throttled), slept).find("job-2") == "arn:job-2"
    assert len(slept) == 2 and slept[0] <= 0.5 and slept[1] <= 1.0
    with pytest.raises(UnavailableError, match="list_model_invocation_jobs of job-2"):
        service(Bedrock(errors=[client_error("InternalServerException", 500)] * 3)).find("job-2")


def test_a_refusal_is_for_the_user() -> None:
    with pytest.raises(ConfigError, match="so it is") as raised:
        service(Bedrock(errors=[client_error("ValidationException", 400)])).find("job-2")
    assert "bedrock.batch" in str(raised.value.hint)
