from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.money import Spending
from omnix_cli.predictors.bedrock.asking.progress import AskingProgress, FailureWatch, ProgressLog
from omnix_cli.records import Failure
from tests.questions import question, reply

ANSWERED = reply(question("ann"))
DOWN = Failure(question="q", reason="timeout", detail="no answer", temporary=True)
REFUSED = Failure(question="q", reason="ValidationException", detail="bad schema", temporary=False)
OVER_BUDGET = Failure(question="q", reason="budget", temporary=True)


def count(watch: FailureWatch, *results: object) -> FailureWatch:
    for result in results:
        watch.count(result)  # type: ignore[arg-type]
    return watch


def test_ten_failures_in_a_row_mean_that_the_service_is_down() -> None:
    watch = count(FailureWatch(), ANSWERED, *[DOWN] * 9, ANSWERED, *[DOWN] * 9)
    assert (watch.answered, watch.failed) == (2, 18)
    with pytest.raises(UnavailableError, match="last 10 questions: no answer"):
        watch.count(DOWN)


def test_refusals_stop_a_run_only_when_nothing_was_ever_answered() -> None:
    count(FailureWatch(), ANSWERED, *[REFUSED] * 20)
    watch = count(FailureWatch(), *[REFUSED] * 4)
    with pytest.raises(ConfigError, match="refuses every question: bad schema"):
        watch.count(REFUSED)


def test_an_exhausted_budget_is_no_sign_of_trouble() -> None:
    assert count(FailureWatch(), *[OVER_BUDGET] * 50).failed == 50


def progress(answered: int, limit: Decimal | None = None) -> AskingProgress:
    spending = Spending(limit, spent=Decimal("0.5"), lost=Decimal("0.25"), reserved=Decimal(1))
    return AskingProgress(answered, failed=1, seconds=30, spending=spending)


def test_a_line_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    log = ProgressLog(lambda: seconds[0], seconds=10)
    with caplog.at_level(logging.INFO):
        for second in range(25):
            seconds[0] = float(second)
            log(progress(second, Decimal(2)))
    assert [record.answered for record in caplog.records] == [10, 20]  # type: ignore[attr-defined]
    last = caplog.records[-1].__dict__
    assert (last["failed"], last["per_minute"], last["dollars"], last["budget"]) == (1, 40, "0.7500", "2")


def test_nothing_per_minute_before_time_has_passed() -> None:
    spending = Spending(None, Decimal(0), Decimal(0), Decimal(0))
    assert AskingProgress(3, 0, 0.0, spending).per_minute == 0
