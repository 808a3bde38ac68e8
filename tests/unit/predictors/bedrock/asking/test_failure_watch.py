from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.failure_watch import FailureWatch
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
