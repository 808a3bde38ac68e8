"""Predictions by a model over the wire: predictor, asker and ledger as users have them, against the double."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from omnix_cli.errors import UnavailableError
from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.predictors.bedrock.batches.jobs import BedrockBatches
from omnix_cli.predictors.bedrock.batches.reply_source import ModelAccess
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.bedrock.prompts.trials import try_prompt
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.models import BatchJobs
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import BatchSettings, BedrockSettings, PredictionSettings
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.s3.folders import s3_folder
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault
from tests.aws.buckets import TestBucket
from tests.memory_answers import REPLIED_AT
from tests.unit.predictors.bedrock.shops import HISTORY, frames, same, states

FAULTY = (
    "truncated_json",
    "not_json",
    "past_date",
    "absurd_date",
    "negative_interval",
    "overconfident",
    "unknown_product",
)
PREDICTION = PredictionSettings()


class ModelRuns:
    """Predictions as users have them: the ledger on disk, the model over the wire."""

    def __init__(self, double: BedrockDouble, ledger: SqliteAnswers, batch: BatchSettings | None = None) -> None:
        self.double, self.ledger = double, ledger
        self.settings = BedrockSettings(
            pseudonym_secret=SecretStr("0123456789abcdef0123456789abcdef"),
            endpoint_url=double.url,
            region="us-east-1",
            connections=4,
            customers_per_request=2,
            batch=batch or BatchSettings(),
        )
        self.prompt = load_prompt("replenishment")
        self.recorder = ReplyRecorder(ledger, load_prices(), self.settings, lambda: REPLIED_AT)
        self.asker = ConverseAsker(connect(self.settings), self.recorder, schema=ANSWER_SCHEMA)

    def run(self, lines: pl.DataFrame) -> StepOutput:
        access = ModelAccess(self.ledger, lambda: self.asker)
        return self._predictor(access, "bedrock").predict(**frames(lines))

    def run_in_batches(self, jobs: BatchJobs) -> StepOutput:
        access = ModelAccess(self.ledger, lambda: self.asker, jobs, sleep=lambda seconds: None)
        return self._predictor(access, "bedrock-batch").predict(**frames(HISTORY))

    def jobs(self, bucket: TestBucket) -> BedrockBatches:
        objects = s3_folder(str(self.settings.batch.location), bucket.settings)
        return BedrockBatches(JobService(connect(self.settings, "bedrock"), self.settings), objects, self.recorder)

    def _predictor(self, access: ModelAccess, name: str) -> BedrockPredictor:
        statistical = StatisticalPredictor(PREDICTION)
        return BedrockPredictor(
            statistical, access, self.prompt, self.settings, PREDICTION, default_consent=True, name=name
        )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteAnswers]:
    with SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: REPLIED_AT) as answers:
        yield answers


@pytest.mark.parametrize("unsupported", [(), ("outputConfig",), ("outputConfig", "toolConfig")], ids=len)
def test_answers_come_whichever_form_of_structure_the_model_knows(
    bedrock: BedrockDouble, ledger: SqliteAnswers, unsupported: tuple[str, ...]
) -> None:
    bedrock.behaviour = Behaviour(unsupported=frozenset(unsupported))
    output = ModelRuns(bedrock, ledger).run(HISTORY)
    assert set(states(output).values()) == {"asked"}
    assert output.figures["dollars"] and bedrock.billed.paid_twice == 0


def test_no_customer_s_id_is_in_any_byte_that_is_sent(bedrock: BedrockDouble, ledger: SqliteAnswers) -> None:
    lines = HISTORY.with_columns(customer_id=pl.lit("raw-id-") + pl.col("customer_id"))
    bedrock.inject(Fault("not_json", times=3))
    output = ModelRuns(bedrock, ledger).run(lines)
    assert {"asked", "repaired"} == set(states(output).values())
    sent = b"".join(request.body + repr(request).encode() for request in bedrock.requests)
    assert len(sent) > 20_000 and b"raw-id" not in sent
    bodies = b"".join(request.body for request in bedrock.requests)  # a signature is hexadecimal and may hold one
    assert not re.search(rb"c00\d\d", bodies)


def test_faults_are_repaired_or_become_dead_letters_and_nothing_is_paid_twice(
    bedrock: BedrockDouble, ledger: SqliteAnswers
) -> None:
    bedrock.inject(Fault((*FAULTY, "throttled"), share=0.6))
    shop = ModelRuns(bedrock, ledger)
    output = shop.run(HISTORY)
    found = set(states(output).values())
    assert {"asked", "repaired", "failed"} == found, output.figures
    letters = output.frames["dead_letters"]
    assert set(letters["reason"]) == {"no valid answer"} and (letters["detail"] != "").all()
    marked = output.frames["predictions"].filter("fallback")
    assert set(marked["customer_id"]) == set(letters["customer_id"])
    assert output.frames["predictions"]["customer_id"].n_unique() == HISTORY["customer_id"].n_unique()
    answered = bedrock.counts.total()
    assert same(shop.run(HISTORY), output)
    assert bedrock.counts.total() == answered and bedrock.billed.paid_twice == 0


def test_a_prompt_is_tried_over_the_wire(bedrock: BedrockDouble, ledger: SqliteAnswers) -> None:
    shop = ModelRuns(bedrock, ledger)
    trials = try_prompt(shop.prompt, ledger, shop.asker, shop.settings)
    assert all(trial.is_valid and trial.cost > 0 for trial in trials)


@pytest.mark.parametrize("fault", [None, "job_partial", "job_failed"])
def test_what_a_batch_leaves_out_is_asked_on_demand(
    bedrock: BedrockDouble, ledger: SqliteAnswers, bucket: TestBucket, fault: str | None
) -> None:
    bedrock.behaviour = Behaviour(min_records=5)
    bedrock.inject(Fault(("failed_record", "missing_record", "not_json"), operation="record", share=0.4))
    if fault:
        bedrock.inject(Fault(fault, operation="job", times=1))
    batch = BatchSettings(
        location=f"{bucket.address}/omnix-batch",
        role_arn="arn:aws:iam::123456789012:role/omnix-batch",
        min_records=5,
    )
    with pytest.raises(UnavailableError, match=r"omnix-\d+-\w+ \(Submitted\)"):
        ModelRuns(bedrock, ledger, batch).run_in_batches(ModelRuns(bedrock, ledger, batch).jobs(bucket))
    shop = ModelRuns(bedrock, ledger, batch.model_copy(update={"wait_seconds": 600}))
    output = shop.run_in_batches(shop.jobs(bucket))
    assert set(states(output).values()) <= {"asked", "repaired"} and output.frames["dead_letters"].is_empty()
    assert bedrock.counts["CreateModelInvocationJob"] == (2 if fault == "job_failed" else 1)
    assert bedrock.counts["Converse answered"] > 0
    assert same(shop.run_in_batches(shop.jobs(bucket)), output)
    # A record without a line in the output was answered, and is the one thing that has to be paid again.
    assert bedrock.billed.paid_twice == bedrock.faults["missing_record"]
