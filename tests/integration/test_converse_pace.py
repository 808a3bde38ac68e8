"""The pace and the budget of questions over the wire."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.predictors.bedrock.asking.money import Budget
from omnix_cli.records import Failure, Reply
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault
from tests.integration.bedrock_runs import Run, cost_of, failures, replies
from tests.questions import questions

pytestmark = pytest.mark.usefixtures("aws_environment")


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

    def measured(folder: str) -> float:
        with BedrockDouble(Behaviour(requests_per_minute=per_minute, latency_seconds=latency)) as double:
            outcomes = Run(double.url, tmp_path / folder).all(asked)
        assert len(replies(outcomes)) == len(asked)
        assert double.billed.paid_twice == 0
        # The double admits what a second saves up at first, which is no part of the rate.
        return rate(outcomes, without=a_second)

    # A machine that is busy with something else makes one try slow, but not three.
    assert any(measured(attempt) >= 0.9 * a_second for attempt in ("first", "second", "third"))


def test_a_configured_quota_is_kept(tmp_path: Path) -> None:
    with BedrockDouble(Behaviour(requests_per_minute=900)) as double:
        outcomes = Run(double.url, tmp_path, {"requests_per_minute": 900}).all(questions(75, products=1))
    assert len(replies(outcomes)) == 75
    assert rate(outcomes) >= 0.9 * 15
    assert double.counts["ThrottlingException"] <= 3


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


def test_a_service_that_admits_nothing_any_more_ends_the_run(tmp_path: Path) -> None:
    with BedrockDouble(faults=[Fault("throttled")]) as double:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="accepts no questions: Too many requests"):
            Run(double.url, tmp_path, {"attempts": 2}).all(questions(100))
        assert 0.8 < time.monotonic() - began < 20
        assert double.counts["Converse"] < 60
