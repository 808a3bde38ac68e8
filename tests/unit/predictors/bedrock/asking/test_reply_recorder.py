from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.predictors.bedrock.asking.reply_recorder import ReplyRecorder
from omnix_cli.settings import BedrockSettings
from tests.memory_answers import MemoryLedger
from tests.questions import MOMENT, question

ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "{}"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1_000_000, "outputTokens": 1_000_000},
    "metrics": {"latencyMs": 2500},
}


def recorder(**settings: Any) -> ReplyRecorder:
    return ReplyRecorder(MemoryLedger(), load_prices(), BedrockSettings(**settings), lambda: MOMENT, "run-1")


def test_an_answer_on_demand_costs_what_its_tier_costs() -> None:
    asked = question("ann")
    reply = recorder().on_demand(asked, ANSWER, seconds=1.5)
    assert (reply.question, reply.way, reply.run, reply.seconds) == (asked.key, "on_demand", "run-1", 1.5)
    assert reply.cost == Decimal("0.30") and reply.replied_at == MOMENT
    assert recorder(service_tier="priority").on_demand(asked, ANSWER, seconds=1).cost > reply.cost


def test_an_answer_of_a_batch_costs_its_share() -> None:
    reply = recorder(batch={"price_share": 0.25}).batch(question("ann"), ANSWER)
    assert (reply.way, reply.seconds, reply.cost) == ("batch", 2.5, Decimal("0.075"))
    assert recorder().batch(question("ann"), ANSWER).cost == Decimal("0.15")


def test_an_incomplete_answer_is_no_reply() -> None:
    with pytest.raises(LookupError):
        recorder().on_demand(question("ann"), {"output": {}}, seconds=1)
