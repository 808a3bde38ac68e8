"""Questions to the double of Bedrock over the wire: every fault, the quota, the budget, and a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from omnix_cli.errors import ConfigError, Interrupted, OmnixError, UnavailableError
from omnix_cli.predictors.bedrock.asking import converse
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
from omnix_cli.predictors.bedrock.asking.money import Budget, Prices, load_prices
from omnix_cli.predictors.bedrock.asking.progress import Progress
from omnix_cli.predictors.bedrock.prompts.prompt_files import ANSWER_SCHEMA
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.settings import BedrockSettings
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.aws.accounts import ENVIRONMENT
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault, all_faults
from tests.questions import MODEL, question, questions

pytestmark = pytest.mark.usefixtures("aws_environment")
ROOT = Path(__file__).parents[2]
NOVA_LITE = load_prices().of(MODEL)
ASK = """
import sys
from pathlib import Path
from tests.integration.test_converse import Run
run = Run(sys.argv[1], Path(sys.argv[2]))
wanted = run.missing(int(sys.argv[3]))
for _ in run.ask(wanted):
    print("answered", flush=True)
"""


@dataclass
class Run:
    """A run that asks: it has the ledger open while it does."""

    url: str
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    progress: list[Progress] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)

    def ask(self, asked: Sequence[Question] | Iterator[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        with self.ledger() as ledger:
            yield from self.asker(ledger).ask(asked)

    def all(self, asked: Sequence[Question]) -> dict[str, Reply | Failure]:
        return {one.key: outcome for one, outcome in self.ask(asked)}

    def ledger(self) -> SqliteAnswers:
        return SqliteAnswers(self.folder / "answers.sqlite", now=lambda: datetime.now(UTC))

    def asker(self, ledger: SqliteAnswers) -> ConverseAsker:
        settings = BedrockSettings(endpoint_url=self.url, region="us-east-1", **self.settings)
        return ConverseAsker(
            connect(settings),
            ledger,
            settings,
            schema=ANSWER_SCHEMA,
            prices=load_prices(),
            budget=self.budget,
            now=lambda: datetime.now(UTC),
            run="run-1",
            progress=self.progress.append,
        )

    def missing(self, count: int) -> list[Question]:
        """The questions of a day that nobody answered yet."""
        asked = questions(count)
        with self.ledger() as ledger:
            known = ledger.replies([one.key for one in asked])
        return [one for one in asked if one.key not in known]

    def kept(self, asked: Sequence[Question]) -> dict[str, Reply]:
        with self.ledger() as ledger:
            return ledger.replies([one.key for one in asked])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits before another attempt are as good as none."""
    monkeypatch.setattr(converse, "_FIRST_WAIT", 0.001)


def replies(outcomes: dict[str, Reply | Failure]) -> list[Reply]:
    return [outcome for outcome in outcomes.values() if isinstance(outcome, Reply)]


def failures(outcomes: dict[str, Reply | Failure]) -> list[Failure]:
    return [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)]


def cost_of(double: BedrockDouble, prices: Prices = NOVA_LITE) -> Decimal:
    """What the double would have to be paid."""
    tokens = double.billed.tokens
    dollars = (
        tokens["inputTokens"] * prices.input
        + tokens["outputTokens"] * prices.output
        + tokens["cacheReadInputTokens"] * prices.cache_read
        + tokens["cacheWriteInputTokens"] * prices.cache_write
    )
    return dollars / 1_000_000


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


@pytest.mark.usefixtures("quick")
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


@pytest.mark.usefixtures("quick")
def test_nothing_is_lost_with_every_fault_at_once(tmp_path: Path) -> None:
    asked = questions(200)
    with BedrockDouble(Behaviour(slow_seconds=0.1), faults=all_faults(0.3), seed=5) as double:
        outcomes = Run(double.url, tmp_path).all(asked)
        lost = double.faults["dropped_after"] + double.faults["cut"]
        assert double.billed.answers["on_demand"] == 200 + lost
        assert double.faults.total() > 40
    assert len(replies(outcomes)) == 200


@pytest.mark.usefixtures("quick")
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
def test_what_the_user_has_to_mend_is_told_at_once(
    tmp_path: Path, fault: str, error: type[OmnixError], message: str
) -> None:
    with BedrockDouble(faults=[Fault(fault)]) as double:
        with pytest.raises(error, match=message) as told:
            Run(double.url, tmp_path).all(questions(200))
        assert told.value.hint
        assert double.counts["Converse"] <= 4 * 16 + 16


def test_no_credentials_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(ENVIRONMENT):
        if "KEY" in name or "TOKEN" in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with BedrockDouble() as double, pytest.raises(ConfigError, match="Unable to locate credentials"):
        Run(double.url, tmp_path).all(questions(3))


def test_a_model_without_a_price_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        with pytest.raises(ConfigError, match=r"price of someone\.model-v1:0 is not known"):
            Run(double.url, tmp_path).all(questions(3, model="someone.model-v1:0"))
        assert double.counts["Converse"] == 0


def test_data_do_not_leave_their_region() -> None:
    settings = {"region": "us-east-1", "data_region": "eu-central-1"}
    with pytest.raises(ConfigError, match="would read the data in us-east-1"):
        connect(BedrockSettings(**settings))
    connect(BedrockSettings(**settings, allow_other_region=True))


@pytest.mark.usefixtures("quick")
def test_a_service_that_goes_down_ends_the_run_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    asked = questions(300)
    with BedrockDouble() as double:
        run = Run(double.url, tmp_path, {"attempts": 3})
        answered = 0
        with pytest.raises(UnavailableError, match="did not answer the last 10 questions") as told:
            for _, outcome in run.ask(asked):
                answered += isinstance(outcome, Reply)
                if answered == 50:
                    double.inject(Fault("server_error"))
        assert told.value.exit_code == 4
        assert 50 <= answered <= len(run.kept(asked)) < 150
        double.heal()
        left = run.missing(300)
        assert len(replies(run.all(left))) == len(left)
        assert double.billed.paid_twice == 0
    assert len(run.kept(asked)) == 300


def test_a_service_that_admits_nothing_any_more_ends_the_run(tmp_path: Path) -> None:
    with BedrockDouble(faults=[Fault("throttled")]) as double:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="takes no question: Too many requests"):
            Run(double.url, tmp_path, {"attempts": 2}).all(questions(100))
        assert 0.8 < time.monotonic() - began < 20
        assert double.counts["Converse"] < 60


@pytest.mark.usefixtures("quick")
def test_nobody_there(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        url = double.url
    with pytest.raises(UnavailableError, match="Could not connect"):
        Run(url, tmp_path, {"attempts": 2}).all(questions(40))


def rate(outcomes: dict[str, Reply | Failure], *, without: float = 0.0) -> float:
    """Answers a second between the first and the last one, less so many that were saved up."""
    times = sorted(reply.replied_at for reply in replies(outcomes))
    return (len(times) - 1 - without) / (times[-1] - times[0]).total_seconds()


@pytest.mark.parametrize(("per_minute", "latency"), [(600, 0.0), (600, 1.0), (1200, 0.3)])
def test_nine_tenths_of_the_quota_are_used_and_nothing_is_lost(
    tmp_path: Path, per_minute: float, latency: float
) -> None:
    a_second = per_minute / 60
    asked = questions(int(7 * a_second), products=1)
    with BedrockDouble(Behaviour(requests_per_minute=per_minute, latency_seconds=latency)) as double:
        outcomes = Run(double.url, tmp_path).all(asked)
    assert len(replies(outcomes)) == len(asked)
    # The double admits what a second saves up at first, which is no part of the rate.
    assert rate(outcomes, without=a_second) >= 0.9 * a_second
    assert double.billed.paid_twice == 0


def test_a_quota_that_is_told_is_kept(tmp_path: Path) -> None:
    with BedrockDouble(Behaviour(requests_per_minute=900)) as double:
        outcomes = Run(double.url, tmp_path, {"requests_per_minute": 900}).all(questions(75, products=1))
    assert len(replies(outcomes)) == 75
    assert rate(outcomes) >= 0.9 * 15
    assert double.counts["ThrottlingException"] <= 3


@pytest.mark.usefixtures("quick")
def test_the_budget_is_never_passed_with_many_under_way_and_answers_lost(tmp_path: Path) -> None:
    asked = questions(400, products=10)
    faults = [Fault(("dropped_after", "cut", "server_error"), share=0.1)]
    with BedrockDouble(Behaviour(latency_seconds=0.02), faults=faults, seed=1) as double:
        run = Run(double.url, tmp_path, {"connections": 16}, budget=Budget(Decimal("0.02")))
        outcomes = run.all(asked)
        assert double.faults["dropped_after"] + double.faults["cut"] > 0
        assert cost_of(double) <= Decimal("0.02")
    assert run.budget.spending.spent + run.budget.spending.lost <= Decimal("0.02")
    assert max(p.spending.spent + p.spending.lost + p.spending.reserved for p in run.progress) <= Decimal("0.02")
    stopped = failures(outcomes)
    assert len(replies(outcomes)) > 20
    assert {(failure.reason, failure.temporary) for failure in stopped} == {("budget", True)}
    assert len(outcomes) == 400
    assert len(run.kept(asked)) == len(replies(outcomes))


def test_a_budget_is_used_up_to_the_last_question_that_fits(tmp_path: Path) -> None:
    asked = questions(100)
    with BedrockDouble() as double:
        (one,) = replies(Run(double.url, tmp_path / "one").all(asked[:1]))
        limit = 30 * one.cost
        run = Run(double.url, tmp_path / "many", {"connections": 16}, budget=Budget(limit))
        outcomes = run.all(asked[1:])
    dearest = Decimal("0.0008")  # 2,000 tokens of output, and the input by the byte
    assert limit - run.budget.spending.spent < dearest
    assert len(replies(outcomes)) >= 22


def test_questions_are_made_a_few_ahead_only(tmp_path: Path) -> None:
    made: list[int] = []

    def endless() -> Iterator[Question]:
        while True:
            made.append(len(made))
            yield question(f"customer-{len(made)}")

    with BedrockDouble() as double:
        run = Run(double.url, tmp_path, {"connections": 2})
        outcomes = run.ask(endless())
        for _ in range(20):
            next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
    assert len(made) <= 20 + 8
    assert threading.active_count() < 30


def test_an_interrupt_ends_at_once_and_keeps_what_was_answered(tmp_path: Path) -> None:
    asked = questions(200)

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted("stopped")

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with BedrockDouble(Behaviour(latency_seconds=0.2)) as double:
            run = Run(double.url, tmp_path, {"connections": 8})
            answered = 0
            with pytest.raises(Interrupted):
                for _ in run.ask(asked):
                    answered += 1
                    if answered == 8:
                        began = time.monotonic()
                        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
            assert time.monotonic() - began < 4
            assert len(run.kept(asked)) == double.billed.answers["on_demand"], "those under way were waited for"
            assert 8 <= len(run.kept(asked)) < 100
    finally:
        signal.signal(signal.SIGTERM, before)


def double_process() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.aws.bedrock", "--latency", "0.02"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def billed(url: str) -> dict[str, Any]:
    with urlopen(Request(f"{url}/_double/counts", data=b"")) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


@pytest.mark.parametrize("after", [1, 60])
def test_a_kill_costs_at_most_what_was_under_way(tmp_path: Path, after: int) -> None:
    count, connections = 150, 16
    with double_process() as double:
        assert double.stdout
        url = double.stdout.readline().strip()
        command = [sys.executable, "-c", ASK, url, str(tmp_path), str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as asking:
            assert asking.stdout
            for _ in range(after):
                assert asking.stdout.readline() == "answered\n"
            asking.kill()
        time.sleep(0.2)  # the double ends what it has begun
        paid, run = billed(url)["answers"]["on_demand"], Run(url, tmp_path)
        left = run.missing(count)
        assert after <= count - len(left)
        assert paid - (count - len(left)) <= connections
        assert len(replies(run.all(left))) == len(left)
        told = billed(url)
        double.kill()
    assert run.missing(count) == []
    assert told["paidTwice"] <= connections
    assert told["answers"]["on_demand"] == count + told["paidTwice"]


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


def test_an_error_of_ours_is_raised_where_the_questions_come_from(tmp_path: Path) -> None:
    with BedrockDouble() as double:
        run = Run(double.url, tmp_path)
        with run.ledger() as ledger:
            asker = run.asker(ledger)
            broken: Callable[..., None] = lambda reply, question: 1 / 0  # noqa: E731
            ledger.keep = broken  # type: ignore[method-assign]
            with pytest.raises(ZeroDivisionError):
                list(asker.ask(questions(3)))
