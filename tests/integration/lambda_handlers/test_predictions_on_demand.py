"""Predictions for some customers, on demand, against the double of Bedrock."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import InvalidRecord, LockedError
from omnix_cli.serving.lambda_handlers import container, predictions_on_demand
from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import CUSTOMERS, Omnix, omnix, ran, shop
from tests.integration.lambda_handlers.recorded_events import Context

__all__ = ["omnix", "ran", "shop"]  # fixtures of the command line


class ShortTime(Context):
    """There is time for so many looks at the clock, then none."""

    def __init__(self, looks: int = 1) -> None:
        super().__init__()
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks >= 0 else 14_999


@pytest.fixture
def function(ran: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch) -> Omnix:
    """The environment of the function: a workspace after a run, and a way to the double."""
    for name, value in {
        "BEDROCK__ENDPOINT_URL": bedrock.url,
        "BEDROCK__PSEUDONYM_SECRET": "a secret of sixteen signs and more",
        "BEDROCK__READ_TIMEOUT_SECONDS": "5",
        "BEDROCK__CONNECTIONS": "2",
        "PRIVACY__CONSENT_AI_ANALYSIS": "true",
    }.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    container.settings.cache_clear()
    return ran


def asked(*customers: str, context: Context | None = None) -> dict[str, Any]:
    return predictions_on_demand.handler({"customers": list(customers)}, context or Context(60_000))


def test_it_stops_in_time_and_pays_nothing_twice(function: Omnix, bedrock: BedrockDouble) -> None:
    first = asked(*CUSTOMERS[:5], context=ShortTime())
    assert {one["customer_id"] for one in first["predictions"]} == set(CUSTOMERS[:2])
    assert (first["left"], first["failed"], first["skipped"]) == (CUSTOMERS[2:5], {}, {})
    assert all(one["predictor"] == "bedrock" and one["reason"] for one in first["predictions"] if one["predictor"])
    rest = asked(*CUSTOMERS[:5])
    assert ({one["customer_id"] for one in rest["predictions"]}, rest["left"]) == (set(CUSTOMERS[:5]), [])
    assert len(bedrock.requests) == 5
    assert asked(*CUSTOMERS[:5]) == rest
    assert len(bedrock.requests) == 5, "each is paid for once"
    assert function("predict", "--predictor", "bedrock").code == 0
    assert len(bedrock.requests) == len(CUSTOMERS), "a run pays only for the others"


def test_without_time_nobody_is_asked(function: Omnix, bedrock: BedrockDouble) -> None:
    found = asked("c01", "c01", "c02", context=ShortTime(looks=0))
    assert (found["left"], found["predictions"], bedrock.requests) == (["c01", "c02"], [], [])


def test_who_is_not_asked_about_is_told(function: Omnix, bedrock: BedrockDouble, tmp_path: Any) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,consent_ai_analysis\nc02,false\n")
    assert function("import", "customers", "customers.csv").code == 0
    found = asked("c01", "c02", "nobody")
    assert found["skipped"] == {"c02": "no consent", "nobody": "no purchases"}
    assert {one["customer_id"] for one in found["predictions"]} == {"c01"}
    assert len(bedrock.requests) == 1


def test_a_run_in_the_workspace_comes_first(function: Omnix, bedrock: BedrockDouble) -> None:
    from omnix_cli.wiring.workspaces import Workspace

    workspace = Workspace.open(container.settings(), now=container.present)
    with workspace.lock("run"), pytest.raises(LockedError):
        asked("c01")
    assert bedrock.requests == []


@pytest.mark.parametrize("event", [{}, {"customers": []}, {"customers": "c01"}, {"customers": ["c01"], "model": "x"}])
def test_another_event_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        predictions_on_demand.handler(event, Context())
