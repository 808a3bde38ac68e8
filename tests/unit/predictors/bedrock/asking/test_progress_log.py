from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from omnix_cli.predictors.bedrock.asking.budget import Spending
from omnix_cli.predictors.bedrock.asking.progress_log import AskingProgress, ProgressLog


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
