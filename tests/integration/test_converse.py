"""Questions to the double of Bedrock over the wire: answers, retries, and what the user must fix."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.records import Reply
from omnix_cli.settings import BedrockSettings
from tests.aws.accounts import ENVIRONMENT
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault, all_faults
from tests.integration.bedrock_runs import Run, cost_of, failures, replies
from tests.questions import MODEL, question, questions

pytestmark = pytest.mark.usefixtures("aws_environment")


def test_a_question_is_answered_kept_and_paid_for(tmp_path: Path) -> None:
    asked = question("ann", "bob")
    with BedrockDouble() as double:
        run = Run(double.url, tmp_path, {"metadata": {"team": "retail"}, "service_tier": "default"})
        (found,) = run.ask([asked])
    reply = found[1]
    assert isinstance(reply, Reply)
    assert [customer["customer"] for customer in json.loads(reply.text)["customers"]]
    assert (reply.question, reply.way, reply.run, reply.stop_reason) == (asked.key, "on_demand", "run-1", "tool_use")
    assert reply.cost == cost_of(double) == run.budget.spending.spent > 0
    assert run.kept([asked]) == {asked.key: reply}
    (body,) = map(json.loads, double.bodies())
    assert body["requestMetadata"] == {"team": "retail"}
    assert run.progress[-1].answered == 1
    assert run.progress[-1].per_minute > 0


@pytest.mark.parametrize(
    ("model", "unsupported", "told"),
    [
        ("anthropic.claude-haiku-4-5-20251001-v1:0", (), "outputConfig"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", ("outputConfig", "cachePoint"), "strict"),
        (MODEL, ("strict",), "toolConfig"),
        (MODEL, ("toolConfig", "cachePoint"), ""),
    ],
)
def test_what_the_model_does_not_know_is_left_out_for_the_rest_of_the_run(
    tmp_path: Path, model: str, unsupported: tuple[str, ...], told: str
) -> None:
    asked = questions(60, model=model)
    with BedrockDouble(Behaviour(unsupported=frozenset(unsupported))) as double:
        outcomes = Run(double.url, tmp_path, {"model": model}).all(asked)
        assert len(replies(outcomes)) == 60
        assert all("customers" in json.loads(reply.text) for reply in replies(outcomes))
        last = double.bodies()[-1].decode()
        assert told in last
        assert not any(f'"{name}"' in last for name in unsupported)
        assert double.counts["ValidationException"] <= 16 * len(unsupported) + 16


def test_a_structure_that_is_set_is_not_departed_from(tmp_path: Path) -> None:
    with BedrockDouble(Behaviour(unsupported=frozenset({"outputConfig"}))) as double:
        run = Run(double.url, tmp_path, {"structure": "schema"})
        with pytest.raises(ConfigError, match=r"refuses every question: .*outputConfig"):
            run.all(questions(40))


@pytest.mark.parametrize(
    "fault",
    [
        "throttled", "not_ready", "unavailable", "server_error", "model_timeout", "model_error",
        "dropped_before", "dropped_after", "cut", "slow",
    ],
)  # fmt: skip
def test_what_may_pass_is_asked_again(tmp_path: Path, fault: str) -> None:
    asked = questions(40)
    behaviour = Behaviour(slow_seconds=2.5)
    with BedrockDouble(behaviour, faults=[Fault(fault, share=0.15)], seed=3) as double:
        run = Run(double.url, tmp_path, {"read_timeout_seconds": 1 if fault == "slow" else 60})
        outcomes = run.all(asked)
        happened = double.faults[fault]
        billed = double.billed.answers["on_demand"]
    assert happened >= 2
    assert len(replies(outcomes)) == 40
    assert len(run.kept(asked)) == 40
    assert run.budget.spending.spent == sum((reply.cost for reply in replies(outcomes)), Decimal(0))
    assert run.budget.spending.spent + run.budget.spending.lost >= cost_of(double)
    assert billed == 40 + (happened if fault in ("dropped_after", "cut", "slow") else 0)


def test_nothing_is_lost_with_every_fault_at_once(tmp_path: Path) -> None:
    asked = questions(200)
    with BedrockDouble(Behaviour(slow_seconds=0.1), faults=all_faults(0.3), seed=5) as double:
        outcomes = Run(double.url, tmp_path).all(asked)
        lost = double.faults["dropped_after"] + double.faults["cut"]
        assert double.billed.answers["on_demand"] == 200 + lost
        assert double.faults.total() > 40
    assert len(replies(outcomes)) == 200


def test_a_question_that_never_gets_an_answer_fails_alone(tmp_path: Path) -> None:
    asked = questions(30)
    poisoned = asked[7].turns[0].text.splitlines()[1]
    with BedrockDouble(faults=[Fault("model_error", holding=poisoned)]) as double:
        outcomes = Run(double.url, tmp_path, {"attempts": 3}).all(asked)
    (failed,) = failures(outcomes)
    assert (failed.question, failed.reason, failed.temporary) == (asked[7].key, "ModelErrorException", True)
    assert double.counts["ModelErrorException"] == 3


def test_a_question_that_is_refused_is_not_asked_again(tmp_path: Path) -> None:
    asked = questions(30)
    refused = asked[7].turns[0].text.splitlines()[1]
    with BedrockDouble(faults=[Fault("invalid", holding=refused)]) as double:
        outcomes = Run(double.url, tmp_path).all(asked)
    (failed,) = failures(outcomes)
    assert (failed.reason, failed.temporary) == ("ValidationException", False)
    assert double.counts["ValidationException"] == 1


@pytest.mark.parametrize(("fault", "text"), [("guardrail", "Sorry"), ("filtered", "Sorry"), ("truncated_json", "{")])
def test_an_answer_of_any_kind_is_kept_as_it_was_paid_for(tmp_path: Path, fault: str, text: str) -> None:
    asked = questions(3)
    with BedrockDouble(faults=[Fault(fault)]) as double:
        run = Run(double.url, tmp_path)
        outcomes = run.all(asked)
        assert all(reply.text.startswith(text) for reply in replies(outcomes))
        assert run.kept(asked) == outcomes
        assert run.budget.spending.spent == cost_of(double)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("denied", ConfigError, "no access to amazon.nova-lite-v1:0"),
        ("not_found", ConfigError, "cannot use amazon.nova-lite-v1:0"),
        ("invalid", ConfigError, "refuses every question"),
        ("quota", UnavailableError, "exceeds the service quota"),
    ],
)
def test_errors_that_the_user_must_fix_end_the_run_at_once(
    tmp_path: Path, fault: str, error: type[OmnixError], message: str
) -> None:
    with BedrockDouble(faults=[Fault(fault)]) as double:
        with pytest.raises(error, match=message) as raised:
            Run(double.url, tmp_path).all(questions(200))
        assert raised.value.hint
        assert double.counts["Converse"] <= 4 * 16 + 16


def test_missing_credentials_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(ENVIRONMENT):
        if "KEY" in name or "TOKEN" in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with BedrockDouble() as double, pytest.raises(ConfigError, match="Unable to locate credentials"):
        Run(double.url, tmp_path).all(questions(3))


def test_a_model_without_a_price_is_an_error_before_anything_is_asked(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        with pytest.raises(ConfigError, match=r"price of someone\.model-v1:0 is unknown"):
            Run(double.url, tmp_path).all(questions(3, model="someone.model-v1:0"))
        assert double.counts["Converse"] == 0


def test_data_do_not_leave_their_region() -> None:
    settings = {"region": "us-east-1", "data_region": "eu-central-1"}
    with pytest.raises(ConfigError, match="would process the data in us-east-1"):
        connect(BedrockSettings(**settings))
    connect(BedrockSettings(**settings, allow_other_region=True))


def test_tokens_are_counted_by_the_service_where_it_can(tmp_path: Path) -> None:
    with BedrockDouble(faults=[Fault("throttled", operation="CountTokens", times=1)]) as double:
        run = Run(double.url, tmp_path)
        with run.ledger() as ledger:
            counted = run.asker(ledger).count_tokens(question("ann", model="us.amazon.nova-lite-v1:0"))
            assert counted is not None
            assert counted > 100
            double.inject(Fault("invalid", operation="CountTokens"))
            assert run.asker(ledger).count_tokens(question("ann")) is None
        assert double.requests[-1].target.startswith("/model/amazon.nova-lite-v1")
        assert double.counts["Converse"] == 0
