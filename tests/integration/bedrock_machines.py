"""Machines that work on batch jobs, each with a ledger of its own, and a bucket that all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.predictors.bedrock.batches.jobs import BedrockBatches
from omnix_cli.records import BatchJob, Reply
from omnix_cli.settings import BatchSettings, BedrockSettings
from omnix_cli.stores.s3.folders import s3_folder
from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.prompts import questions
from tests.aws.buckets import TestBucket
from tests.memory_answers import MemoryLedger

ROLE = "arn:aws:iam::123456789012:role/omnix-batch"
NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


class Machine:
    """A machine that works on batches: it has a ledger of its own, and the bucket that all share."""

    def __init__(self, settings: BedrockSettings, client: Any, objects: Any) -> None:
        self.ledger: Any = MemoryLedger()
        self.objects = objects
        self.service = JobService(client, settings, sleep=lambda seconds: None)

    @property
    def batches(self) -> BedrockBatches:
        recorder = ReplyRecorder(self.ledger, load_prices(), self.service.settings, lambda: NOW, "run-1")
        return BedrockBatches(self.service, self.objects, recorder)

    def replies(self, count: int = 100) -> dict[str, Reply]:
        """Those in its ledger to the first questions."""
        replies: dict[str, Reply] = self.ledger.replies([question.key for question in questions(count)])
        return replies

    def finished(self, job: BatchJob) -> BatchJob:
        """The job once it has ended."""
        while not job.ended:
            job = self.batches.status(job)
        return job


Make = Callable[..., Machine]


def batch_settings(bucket: TestBucket) -> BatchSettings:
    return BatchSettings(location=f"{bucket.address}/omnix-batch", role_arn=ROLE, min_records=10)


def machines(bedrock: BedrockDouble, bucket: TestBucket) -> Make:
    """Makes another machine each time, with settings of its own."""
    bedrock.behaviour = replace(bedrock.behaviour, min_records=10)
    batch = batch_settings(bucket)
    objects = s3_folder(str(batch.location), bucket.settings)
    client = bedrock.client("bedrock", retries={"total_max_attempts": 1})
    return lambda **changes: Machine(BedrockSettings(**{"batch": batch, **changes}), client, objects)


def created(double: BedrockDouble) -> int:
    """How many jobs Bedrock knows."""
    return len(double.jobs.list({})["invocationJobSummaries"])
