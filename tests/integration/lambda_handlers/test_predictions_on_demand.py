"""Predictions for some customers, on demand, against the double of Bedrock."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import InvalidRecord, LockedError
from omnix_cli.services.customers.profiles import TABLE
from omnix_cli.serving.lambda_handlers import container, predictions_on_demand
from tests.aws.accounts import new_stage, store_maker
from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.buckets import TestBucket
from tests.cli.conftest import CUSTOMERS, Omnix, omnix, ran, shop
from tests.integration.lambda_handlers.recorded_events import Context

__all__ = ["omnix", "ran", "shop"]  # fixtures of the command line


class ShortTime(Context):
    """There is time for so many looks at the clock, then none."""

    def __init__(self, looks: int) -> None:
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
        "BEDROCK__CONNECTIONS": "1",
        "PRIVACY__CONSENT_AI_ANALYSIS": "true",
    }.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    container.settings.cache_clear()
    return ran


def asked(*customers: str, context: Context | None = None) -> dict[str, Any]:
    return predictions_on_demand.handler({"customers": list(customers)}, context or Context(60_000))


def test_it_stops_in_time_and_pays_nothing_twice(function: Omnix, bedrock: BedrockDouble) -> None:
    first = asked(*CUSTOMERS[:5], context=ShortTime(looks=2))
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


@pytest.mark.parametrize("fault", ["throttled", "unavailable", "model_timeout"])
def test_questions_that_fail_are_not_repeated_when_time_is_over(
    function: Omnix, bedrock: BedrockDouble, fault: str
) -> None:
    bedrock.inject(Fault(fault))
    found = asked("c01", "c02", context=ShortTime(looks=2))
    assert (found["left"], found["failed"], bedrock.faults.total()) == (["c01", "c02"], {}, 2)
    bedrock.heal()
    assert asked("c01", "c02")["left"] == []


def test_who_is_not_asked_about_is_told(function: Omnix, bedrock: BedrockDouble, tmp_path: Any) -> None:
    (tmp_path / "customers.csv").write_text("customer_id,consent_ai_analysis\nc02,false\n")
    assert function("import", "customers", "customers.csv").code == 0
    found = asked("c01", "c02", "nobody")
    assert found["skipped"] == {"c02": "no consent", "nobody": "no purchases"}
    assert {one["customer_id"] for one in found["predictions"]} == {"c01"}
    assert len(bedrock.requests) == 1


def test_who_withdrew_in_the_store_is_not_asked_about(
    function: Omnix, bedrock: BedrockDouble, ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = new_stage()
    for name, value in {"KIND": "dynamodb", "STAGE": stage, "ENDPOINT_URL": ministack}.items():
        monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
    with closing(store_maker(ministack, stage=stage)()) as store:
        store.create_tables((TABLE,))
        store.put_many(TABLE, [{"customerId": "c02", "consent": {"aiAnalysis": False}}, {"customerId": "c03"}])
        found = asked("c01", "c02", "c03")
        assert (found["skipped"], len(bedrock.requests)) == ({"c02": "no consent"}, 2)
        store.put_many(TABLE, [{"customerId": "c01", "consent": {"aiAnalysis": False}}])
        found = asked("c01", "c02", "c03")
        assert found["skipped"] == {"c01": "no consent", "c02": "no consent"}
        assert {one["customer_id"] for one in found["predictions"]} == {"c03"}


KILLED = """
import os
from tests.integration.lambda_handlers.test_predictions_on_demand import ShortTime, asked

class Killed(ShortTime):
    def get_remaining_time_in_millis(self):
        return super().get_remaining_time_in_millis() if self.looks else os._exit(9)

asked("c01", "c02", "c03", "c04", "c05", context=Killed(looks=4))
"""


def test_a_container_that_is_killed_leaves_its_answers(
    function: Omnix, bedrock: BedrockDouble, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = {"SHARED_WORKSPACE": f"{bucket.address}/team", "S3__ENDPOINT_URL": bucket.url}
    for name, value in shared.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    monkeypatch.setenv("OMNIX_WORKSPACE", str(tmp_path / "nightly"))
    for command in (("import", "products", "products.csv"), ("import", "purchases", "purchases.csv"), ("run",)):
        assert function(*command).code == 0
    monkeypatch.setenv("OMNIX_WORKSPACE", str(tmp_path / "first"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == 9
    assert len(bedrock.requests) == 4
    monkeypatch.setenv("OMNIX_WORKSPACE", str(tmp_path / "second"))
    container.settings.cache_clear()
    with pytest.raises(LockedError):
        asked("c01")
    bucket.delete("team/lock")  # a lease ends after a minute
    found = asked(*CUSTOMERS[:5])
    assert ({one["customer_id"] for one in found["predictions"]}, found["left"]) == (set(CUSTOMERS[:5]), [])
    assert len(bedrock.requests) == 5, "the second container pays only for the one that is left"


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
