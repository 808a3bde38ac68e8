from __future__ import annotations

from datetime import date

import pytest

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer, Pattern
from omnix_cli.predictors.bedrock.answers.outcome_frames import outcome_figures, outcome_frames, pattern_frame
from omnix_cli.predictors.bedrock.answers.outcomes import CustomerOutcome
from omnix_cli.schemas import FRAMES
from tests.questions import DAY, question, reply

PATTERN = Pattern("milk", 7.0, date(2018, 1, 20), 0.7, None)
ANSWER = CustomerAnswer("bob", (PATTERN,), {"dataQuality": "good"}, "good", dropped=2)
ASKED = question("bob", "cid")


def outcomes() -> list[CustomerOutcome]:
    asked = CustomerOutcome("bob", DAY, state="asked", answer=ANSWER)
    asked.charge(reply(ASKED), ASKED)
    failed = CustomerOutcome("ann", DAY, "q", reason="timeout", detail="no answer")
    return [asked, failed]


def test_frames_are_as_their_schemas_say_and_sorted() -> None:
    frames = outcome_frames(outcomes(), model="m", prompt="p@1:0")
    assert frames.keys() == {"usage", "dead_letters", "analyses"}
    for name, frame in frames.items():
        assert FRAMES[name].conform(frame).equals(frame)
    usage = frames["usage"].rows_by_key("customer_id", named=True, unique=True)
    assert list(usage) == ["ann", "bob"]
    assert (usage["ann"]["way"], usage["ann"]["cost"]) == ("none", 0.0)
    assert usage["bob"]["input_tokens"] == 500 and usage["bob"]["cost"] == pytest.approx(0.0000925)
    assert frames["dead_letters"]["customer_id"].to_list() == ["ann"]
    assert frames["analyses"]["customer_id"].to_list() == ["bob"]


def test_without_customers_the_frames_are_empty() -> None:
    assert all(frame.is_empty() for frame in outcome_frames([], model="m", prompt="p").values())
    assert pattern_frame([]).is_empty()


def test_figures_and_patterns() -> None:
    assert outcome_figures(outcomes()) == {"asked": 1, "repaired": 0, "reused": 0, "failed": 1, "dropped_parts": 2}
    assert pattern_frame(outcomes()).rows() == [("bob", "milk", 7.0, date(2018, 1, 20), 0.7, None)]
