"""Predictions by a model, from the command line, against a double of Bedrock that speaks its wire protocol."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.faults import Fault
from tests.cli.conftest import CUSTOMERS, Omnix

SECRET = "a secret of sixteen signs and more"


@pytest.fixture
def models(ran: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch) -> Omnix:
    """The shop after a run, its customers' consent, and a way to the double."""
    for name, value in {
        "BEDROCK__ENDPOINT_URL": bedrock.url,
        "BEDROCK__PSEUDONYM_SECRET": SECRET,
        "PRIVACY__CONSENT_AI_ANALYSIS": "true",
    }.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    return ran


def predictions() -> pl.DataFrame:
    newest = max(
        Path(".omnix/checkpoints").glob("predict-*/predictions-*.parquet"), key=lambda path: path.stat().st_mtime
    )
    return pl.read_parquet(newest)


def test_an_estimate_asks_nothing(models: Omnix, bedrock: BedrockDouble) -> None:
    before = {path for path in Path(".omnix").rglob("*") if "log" not in path.name}
    answer = models("predict", "estimate", "--predictor", "bedrock", "--format", "json")
    assert answer.code == 0, answer.err
    first, second, *others = json.loads(answer.out)
    assert (first["model"], first["mode"], second["mode"]) == ("amazon.nova-lite-v1:0", "on demand", "batch")
    assert first["customers"] == len(CUSTOMERS)
    assert 0 < first["dollars"] < first["dollars_at_most"]
    assert second["dollars"] == pytest.approx(first["dollars"] / 2)
    assert len(others) > 10
    assert "12 customers to ask about" in answer.err and "estimated" in answer.err
    assert not bedrock.requests
    after = {path for path in Path(".omnix").rglob("*") if "log" not in path.name}
    assert {path.name for path in after - before} <= {"answers.sqlite", "answers.sqlite-wal", "answers.sqlite-shm"}


def test_the_estimate_is_near_what_is_spent(models: Omnix) -> None:
    estimate = json.loads(models("predict", "estimate", "--format", "json").out)[0]
    assert models("predict", "--predictor", "bedrock").code == 0
    (spent,) = json.loads(models("predict", "usage", "--format", "json").out)
    assert spent["replies"] == estimate["questions"]
    assert spent["cost"] <= estimate["dollars_at_most"]


def test_a_dry_run_says_what_would_be_asked_and_what_it_costs(
    models: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIX_PREDICTION__PREDICTOR", "bedrock")
    for command in (["run", "--dry-run"], ["explain"]):
        answer = models(*command)
        assert answer.code == 0, answer.err
        assert f"a model would be asked about {len(CUSTOMERS)} customers: about 0.0" in answer.err
    assert not bedrock.requests
    ran = models("run")
    assert f"a model was asked about {len(CUSTOMERS)} customers" in ran.err
    assert "would be asked" not in models("run", "--dry-run").err


def test_the_prompt_is_shown_as_it_is_sent_and_names_nobody(models: Omnix, bedrock: BedrockDouble) -> None:
    shown = models("predict", "show-prompt", "c01")
    assert shown.code == 0, shown.err
    user = shown.out.split("[user]\n", 1)[1].strip()
    assert "Whole milk" in user
    assert models("predict", "--predictor", "bedrock").code == 0
    bodies = bedrock.bodies()
    sent = [json.loads(body)["messages"][0]["content"][0]["text"].strip() for body in bodies]
    assert user in sent
    for customer in CUSTOMERS:
        assert all(customer.encode() not in body for body in bodies)


def test_predictions_by_a_model_and_no_second_payment(models: Omnix, bedrock: BedrockDouble) -> None:
    assert models("predict", "--predictor", "bedrock").code == 0
    assert set(predictions()["predictor"]) >= {"bedrock"}
    billed = bedrock.billed.answers.total()
    assert billed == len(CUSTOMERS)
    assert models("predict", "--predictor", "bedrock", "--force").code == 0
    assert models("run", "--predictor", "bedrock").code == 0
    assert bedrock.billed.answers.total() == billed
    analysis = models("show", "customer", "c01", "--analysis")
    assert "spendingPatterns.pricePreference" in analysis.out


def test_without_consent_nobody_is_asked_about(
    models: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIX_PRIVACY__CONSENT_AI_ANALYSIS", "false")
    assert models("predict", "--predictor", "bedrock").code == 0
    assert not bedrock.bodies()
    assert set(predictions()["predictor"]) == {"statistical"}


def test_bad_answers_end_with_5_and_can_be_asked_again(models: Omnix, bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("not_json"))
    ended = models("predict", "--predictor", "bedrock")
    assert ended.code == 5, ended.err
    assert "no valid answer" in ended.err
    assert predictions()["fallback"].any()
    asked = len(bedrock.bodies())
    bedrock.heal()
    assert models("predict", "--predictor", "bedrock").code == 5  # nothing changed
    assert len(bedrock.bodies()) == asked
    again = models("predict", "retry-failed", "--predictor", "bedrock")
    assert again.code == 0, again.err
    assert not predictions()["fallback"].any()
    assert len(bedrock.bodies()) == asked + len(CUSTOMERS)


def test_a_budget_that_is_too_small_ends_with_5_and_is_kept(models: Omnix, bedrock: BedrockDouble) -> None:
    ended = models("predict", "--predictor", "bedrock", "--budget", "0.002")
    assert ended.code == 5, ended.err
    assert "budget" in ended.err
    (spent,) = json.loads(models("predict", "usage", "--format", "json").out)
    assert 0 < spent["replies"] < len(CUSTOMERS)
    assert spent["cost"] <= 0.002
    assert models("predict", "--predictor", "bedrock", "--force", "--budget", "1").code == 0
    assert bedrock.billed.answers.total() == len(CUSTOMERS)


def test_a_service_that_is_down_is_4_and_the_next_run_goes_on(
    models: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIX_BEDROCK__ATTEMPTS", "1")
    bedrock.inject(Fault("unavailable"))
    down = models("predict", "--predictor", "bedrock")
    assert down.code == 4, down.err
    bedrock.heal()
    assert models("predict", "--predictor", "bedrock").code == 0


def test_predictors_are_compared_on_a_past_period(models: Omnix, bedrock: BedrockDouble) -> None:
    answer = models("predict", "compare", "statistical", "bedrock", "--format", "json")
    assert answer.code == 0, answer.err
    statistical, model = json.loads(answer.out)
    assert (statistical["predictor"], model["predictor"]) == ("statistical", "bedrock")
    assert statistical["pairs"] == model["pairs"] > 0
    assert model["cost"] > 0 == statistical["cost"]
    billed = bedrock.billed.answers.total()
    assert models("predict", "compare", "statistical,bedrock").code == 0
    assert bedrock.billed.answers.total() == billed


@pytest.mark.parametrize("specs", ["bedrock", "bedrock bedrock", "statistical,oracle", "statistical bedrock=no.such"])
def test_what_cannot_be_compared_is_2(models: Omnix, specs: str) -> None:
    refused = models("predict", "compare", *specs.split())
    assert refused.code == 2
    assert "hint:" in refused.err


def test_the_old_spellings_work_and_name_the_new_ones(models: Omnix, bedrock: BedrockDouble) -> None:
    for old, new in (
        (("--compare", "statistical,bedrock", "--customers", "5"), ("compare", "statistical", "bedrock")),
        (("--predictor", "bedrock", "--show-prompt", "c01"), ("show-prompt", "c01")),
        (("--predictor", "bedrock", "--dry-run"), ("estimate", "--predictor", "bedrock")),
    ):
        answer = models("predict", *old)
        assert answer.code == 0, answer.err
        assert f"use `predict {new[0]}`" in answer.err
        assert answer.out.splitlines()[0] == models("predict", *new).out.splitlines()[0]
    assert "use `predict" not in models("predict", "--dry-run").err  # the statistics cost nothing


def test_the_gate_says_whom_it_let_through(models: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_PREDICTION__GATE", "true")
    ran = models("predict", "--predictor", "bedrock")
    assert ran.code == 0, ran.err
    record = json.loads(max(Path(".omnix/runs").glob("*.json")).read_text())
    figures = next(step["figures"] for step in record["steps"] if step["name"] == "predict")
    winner = str(figures["gate"]).split(":")[0]
    assert winner in ("statistical", "bedrock")
    assert (set(predictions()["predictor"]) == {"statistical"}) == (winner == "statistical")


def test_prompts_are_listed_compared_and_tried(models: Omnix, bedrock: BedrockDouble) -> None:
    listed = json.loads(models("predict", "prompts", "list", "--format", "json").out)
    assert {"replenishment"} == {prompt["name"] for prompt in listed}
    same = models("predict", "prompts", "diff", "replenishment@1", "replenishment@1")
    assert (same.code, same.out) == (0, "")
    assert models("predict", "prompts", "diff", "replenishment@1", "nothing").code == 2
    tried = models("predict", "prompts", "test", "replenishment", "--format", "json")
    assert tried.code in (0, 5), tried.err
    trials = json.loads(tried.out)
    assert all(trial["is_valid"] for trial in trials)
    assert bedrock.billed.answers.total() == len(trials)


@pytest.mark.parametrize("command", [("status",), ("collect",)])
def test_batch_jobs_need_a_place(models: Omnix, command: tuple[str, ...]) -> None:
    refused = models("predict", *command)
    assert refused.code == 2
    assert "bedrock.batch.location" in refused.err


def test_no_secret_stands_anywhere(models: Omnix) -> None:
    assert models("predict", "--predictor", "bedrock", "-v").code == 0
    shown = models("config", "show", "--format", "json")
    assert SECRET not in shown.out
    for file in Path(".omnix").rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def test_what_was_found_out_is_shown_without_the_secret(models: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models("predict", "--predictor", "bedrock").code == 0
    monkeypatch.delenv("OMNIX_BEDROCK__PSEUDONYM_SECRET")
    monkeypatch.setenv("OMNIX_PREDICTION__PREDICTOR", "bedrock")
    for command in (("show", "due", "--as-of", "latest"), ("runs", "list"), ("predict", "usage")):
        shown = models(*command)
        assert shown.code == 0, shown.err


def test_without_a_secret_nothing_is_sent(
    models: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMNIX_BEDROCK__PSEUDONYM_SECRET")
    refused = models("predict", "--predictor", "bedrock")
    assert refused.code == 2
    assert "OMNIX_BEDROCK__PSEUDONYM_SECRET" in refused.err
    assert not bedrock.requests
