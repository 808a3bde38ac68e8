"""What is spent on models, from the command line: budgets, batch jobs that fail, answers that are lost or too long."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.faults import Fault
from tests.aws.bedrock.jobs import ENDS
from tests.aws.bedrock.oddities import OUTPUTS
from tests.aws.buckets import TestBucket
from tests.aws.plain_bedrock import PlainBedrock
from tests.cli import conftest as shops
from tests.cli import test_models
from tests.cli.conftest import CUSTOMERS, Omnix

omnix, shop, ran, models = shops.omnix, shops.shop, shops.ran, test_models.models  # the fixtures

EVERYBODY = len(CUSTOMERS)


@pytest.fixture
def batches(models: Omnix, bedrock: BedrockDouble, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> Omnix:
    """The shop with batch jobs of five questions or more."""
    bedrock.behaviour = replace(bedrock.behaviour, min_records=5)
    for name, value in {
        "BEDROCK__BATCH__LOCATION": f"{bucket.address}/jobs",
        "BEDROCK__BATCH__ROLE_ARN": "arn:aws:iam::123456789012:role/omnix-batch",
        "BEDROCK__BATCH__MIN_RECORDS": "5",
        "S3__ENDPOINT_URL": bucket.url,
    }.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    return models


def steps(run: str = "") -> dict[str, dict[str, Any]]:
    """The steps of the newest run, by name."""
    record = json.loads(max(Path(".omnix/runs").glob("*.json")).read_text())
    return {step["name"]: step for step in record["steps"]}


def finish(bedrock: BedrockDouble) -> None:
    """Lets all jobs end without collecting them."""
    for job in bedrock.jobs.list({})["invocationJobSummaries"]:
        while bedrock.jobs.get({"jobIdentifier": job["jobArn"]})["status"] not in ENDS:
            pass


@pytest.mark.parametrize(("predictor", "budget"), [("bedrock-batch", "0.001"), ("auto", "0")])
def test_no_batch_is_handed_over_that_the_budget_has_no_room_for(
    batches: Omnix, bedrock: BedrockDouble, predictor: str, budget: str
) -> None:
    ended = batches("predict", "--predictor", predictor, "--budget", budget)
    assert ended.code == 5, ended.err
    assert f"the budget ended before {EVERYBODY} questions" in ended.err
    assert f"the budget has room for 0 of {EVERYBODY} questions in batch jobs" in ended.err
    assert bedrock.counts["CreateModelInvocationJob"] == 0 and bedrock.billed.answers.total() == 0


def test_a_batch_holds_as_many_questions_as_the_budget_has_room_for(batches: Omnix, bedrock: BedrockDouble) -> None:
    predict = ("predict", "--predictor", "bedrock-batch", "--budget", "0.0045")
    assert batches(*predict).code == 4
    (job,) = json.loads(batches("predict", "status", "--format", "json").out)
    assert 5 <= job["questions"] < EVERYBODY
    finish(bedrock)
    while (again := batches(*predict)).code == 4:  # the rest, if it is enough for a job
        finish(bedrock)
    assert again.code == 0, again.err
    assert bedrock.billed.answers["batch"] >= job["questions"]
    assert bedrock.billed.answers.total() == EVERYBODY and bedrock.billed.paid_twice == 0


def test_an_open_job_counts_in_the_budget_of_the_next_run(batches: Omnix, bedrock: BedrockDouble) -> None:
    predict = ("predict", "--predictor", "bedrock-batch", "--budget", "0.0085")
    assert batches(*predict).code == 4
    other = batches(*predict, "--model", "amazon.nova-micro-v1:0")
    assert f"the budget has room for 0 of {EVERYBODY} questions in batch jobs" in other.err
    assert bedrock.counts["CreateModelInvocationJob"] == 1


def test_a_comparison_has_one_budget_and_says_who_was_not_asked(models: Omnix, bedrock: BedrockDouble) -> None:
    contenders = ("statistical", "bedrock", "bedrock=amazon.nova-micro-v1:0")
    answer = models("predict", "compare", *contenders, "--budget", "0.002", "--format", "json")
    assert answer.code == 5, answer.err
    scores = {score["predictor"]: score for score in json.loads(answer.out)}
    assert 0 < sum(score["cost"] for score in scores.values()) <= 0.002
    assert sum(score["not_asked"] for score in scores.values()) > 0
    assert all(score["invalid_share"] == 0 for score in scores.values())
    assert "not asked about all" in answer.err and "--budget" in answer.err
    whole = models("predict", "compare", *contenders, "--budget", "1", "--format", "json")
    assert whole.code == 0 and all(score["not_asked"] == 0 for score in json.loads(whole.out))
    assert bedrock.billed.paid_twice == 0


def test_a_running_job_does_not_keep_the_night_from_publishing(batches: Omnix, bedrock: BedrockDouble) -> None:
    waiting = batches("run", "--predictor", "bedrock-batch")
    assert waiting.code == 4, waiting.err
    assert "batch jobs are still running: omnix-" in waiting.err and "done with what is known" in waiting.err
    assert "still running" in steps()["predict"]["incomplete"]
    assert "publish" in steps()
    finish(bedrock)
    done = batches("run", "--predictor", "bedrock-batch")
    assert done.code == 0, done.err
    assert steps()["predict"]["figures"]["asked"] == EVERYBODY and steps()["recommend"]["status"] == "ran"
    assert bedrock.billed.answers["batch"] == EVERYBODY and bedrock.billed.paid_twice == 0


def test_a_job_that_always_fails_is_told_and_handed_over_twice(batches: Omnix, bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("job_failed", operation="job"))
    for night in (1, 2):
        ended = batches("run", "--predictor", "bedrock-batch")
        assert ended.code == 4 and "publish" in steps(), ended.err
        assert bedrock.counts["CreateModelInvocationJob"] == night
        finish(bedrock)
    last = batches("run", "--predictor", "bedrock-batch")
    assert last.code == 0, last.err
    assert "Amazon Bedrock encountered an internal error" in last.err and "no further batch job" in last.err
    assert "encountered an internal error" in steps()["predict"]["figures"]["mode"]
    assert bedrock.counts["CreateModelInvocationJob"] == 2
    assert bedrock.billed.answers == {"on_demand": EVERYBODY}


def test_when_on_demand_is_too_dear_after_failed_jobs_the_statistics_are_used(
    batches: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    bedrock.inject(Fault("job_failed", operation="job"))
    monkeypatch.setenv("OMNIX_BEDROCK__BATCH__WAIT_SECONDS", "1")
    monkeypatch.setenv("OMNIX_BEDROCK__BATCH__POLL_SECONDS", "0.001")
    bedrock.inject(Fault("denied"))
    denied = batches("run", "--predictor", "bedrock-batch")
    assert denied.code == 2, denied.err
    assert "no access to amazon.nova-lite-v1:0" in denied.err and "publish" in steps()
    assert bedrock.counts["CreateModelInvocationJob"] == 2
    monkeypatch.setenv("OMNIX_BEDROCK__BUDGET", "0")
    poor = batches("run", "--predictor", "bedrock-batch")
    assert poor.code == 5, poor.err
    assert "the budget ended before" in poor.err and bedrock.billed.answers.total() == 0


def test_output_that_cannot_be_read_stops_and_asks_nothing_again(batches: Omnix, bedrock: BedrockDouble) -> None:
    unreadable = next(odd for odd in OUTPUTS if odd.outcome == "stop")  # the others are in the campaign
    bedrock.behaviour = replace(bedrock.behaviour, oddity=unreadable)
    assert batches("run", "--predictor", "bedrock-batch").code == 4
    finish(bedrock)
    ended = batches("run", "--predictor", "bedrock-batch")
    assert ended.code == 4, ended.err
    assert "cannot be read" in ended.err and "job.json" in ended.err
    assert "publish" in steps()
    assert bedrock.billed.answers == {"batch": EVERYBODY}


def test_what_may_have_been_billed_is_told(models: Omnix, bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("dropped_after", times=3))
    answer = models("predict", "--predictor", "bedrock")
    assert answer.code == 0, answer.err
    assert "may have been billed" in answer.err
    (used,) = json.loads(models("predict", "usage", "--format", "json").out)
    assert used["replies"] == EVERYBODY and bedrock.billed.answers.total() == EVERYBODY + 3
    assert used["may_have_been_billed"] == pytest.approx(steps()["predict"]["figures"]["may_have_been_billed"])
    assert 0 < used["may_have_been_billed"] < 0.01


def test_a_refusal_waits_for_the_answers_that_are_under_way(models: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    with PlainBedrock() as double:
        double.denied_from = 8
        monkeypatch.setenv("OMNIX_BEDROCK__ENDPOINT_URL", double.url)
        ended = models("predict", "--predictor", "bedrock")
        assert ended.code == 2, ended.err
        (used,) = json.loads(models("predict", "usage", "--format", "json").out)
        assert Decimal(str(used["cost"])) == pytest.approx(double.dollars) and used["replies"] == 8
        double.denied_from = None
        assert models("predict", "--predictor", "bedrock").code == 0
        assert double.asked.total() == EVERYBODY and double.paid_twice == 0


def test_answers_that_are_too_long_are_told_and_not_asked_for_again(
    models: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIX_BEDROCK__MAX_OUTPUT_TOKENS", "64")
    ended = models("predict", "--predictor", "bedrock")
    reason = f"{EVERYBODY} cut off at bedrock.max_output_tokens = 64"
    assert ended.code == 5 and reason in ended.err
    assert bedrock.billed.answers.total() == EVERYBODY
    assert reason in models("runs", "show", "latest", "--format", "json").out
    letters = json.loads(models("predict", "dead-letters", "--format", "json").out)
    assert [letter["customer_id"] for letter in letters] == CUSTOMERS
    assert {letter["reason"] for letter in letters} == {"cut off at max_output_tokens"}
    models("predict", "retry-failed", "--predictor", "bedrock")
    models("predict", "--predictor", "bedrock", "--force")
    tomorrow = models("predict", "--predictor", "bedrock", "--as-of", "2017-12-24")
    assert tomorrow.code == 5 and reason in tomorrow.err
    assert bedrock.billed.answers.total() == EVERYBODY
    monkeypatch.setenv("OMNIX_BEDROCK__MAX_OUTPUT_TOKENS", "4096")
    assert models("predict", "--predictor", "bedrock").code == 0
    assert models("predict", "dead-letters", "--format", "json").out == "[]\n"


def test_what_the_sums_leave_out_is_said(models: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_BEDROCK__GUARDRAIL", "abc1")
    for command in ("predict", "--predictor", "bedrock"), ("predict", "estimate", "--predictor", "bedrock"):
        answer = models(*command, "--model", "sa.amazon.nova-lite-v1:0")
        assert answer.code == 0, answer.err
        assert "AWS charges for guardrails" in answer.err
        assert "the price of sa.amazon.nova-lite-v1:0 is not listed" in answer.err
