"""What the API says of a customer after a nightly run."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli import open_workspace
from tests.cli.conftest import write_shop
from tests.integration.http_api.doors import NOON, Door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    workspace = open_workspace(folder / ".omnix", now=lambda: NOON)
    for kind in ("products", "purchases"):
        workspace.imports.files(kind, [str(folder / f"{kind}.csv")])
    with workspace.customers() as customers:
        customers.register({"customerId": "c01"})
    workspace.run(as_of="2017-12-25")
    return Door(folder / ".omnix")


def get(door: Door, path: str) -> Any:
    answer = door.call("GET", f"/v1/customers/c01/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_predictions_have_an_interval_a_mean_and_a_category(door: Door) -> None:
    patterns = get(door, "consumption-predictions")["patterns"]
    assert patterns
    for pattern in patterns:
        assert 0 < pattern["averageDaysBetweenPurchases"] < 40
        assert pattern["interval"]["from"] <= pattern["dueDate"] <= pattern["interval"]["to"]
        assert pattern["category"] in {"Dairy", "Bakery", "Drinks", "Spreads"}
        one = get(door, f"purchase-prediction/{pattern['productId']}")
        assert one["averageDaysBetween"] == pattern["averageDaysBetweenPurchases"]


def test_the_profile_has_patterns_and_a_segment(door: Door) -> None:
    profile = get(door, "profile")
    assert profile["shoppingPatterns"]["shoppingFrequency"] == "weekly"
    assert (profile["segment"], profile["version"]) == ("loyal", 2)
