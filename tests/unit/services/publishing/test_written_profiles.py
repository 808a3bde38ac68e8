"""What a publish writes to profiles after the lists."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.services.customers.profiles import TABLE
from omnix_cli.settings import PublishSettings
from tests.conftest import MemoryFrame
from tests.unit.services.publishing.publishing_shop import NOW, PublishingShop
from tests.unit.steps.frames import AS_OF, frame

PATTERNS: dict[str, Any] = {
    **{name: 8 for name in ("orders", "shopping_days", "priced_orders", "recent_orders", "recent_priced_orders")},
    **{
        "customer_id": "ann",
        "first_day": AS_OF,
        "last_day": AS_OF,
        "occasions": 8,
        "timed_orders": 0,
        "preferred_times": [],
    },
    **{"average_order_value": "7.50", "shopping_frequency": "weekly"},
}
SEGMENT = {
    **{"customer_id": "ann", "segment": "loyal", "days_since_last": 1, "orders": 8, "shopping_days": 8},
    **{"recent_orders": 8, "late_after": 14, "at_risk_after": 35, "lapsed_after": 56, "reason": "on time"},
}
FRAMES = {
    name: MemoryFrame(name, frame(name, row).collect(), name)
    for name, row in (("shopping_patterns", PATTERNS), ("segments", SEGMENT))
}


@pytest.fixture
def profiles(shop: PublishingShop) -> PublishingShop:
    shop.store.create_tables((TABLE,))
    shop.store.put_many(TABLE, [{"customerId": "ann", "version": 1}, {"customerId": "bob", "version": 1}])
    return shop


def test_the_record_counts_what_was_written(profiles: PublishingShop) -> None:
    step = profiles.publisher().write_profiles(FRAMES)
    assert step is not None
    assert (step.name, step.status, step.rows_in, step.rows_out) == ("profiles", "ran", 1, 1)
    assert step.figures == {"changed": 1, "unchanged": 1}
    ann = profiles.store.get(TABLE, "ann", now=NOW) or {}
    assert (ann["segment"], ann["version"]) == ("loyal", 2)
    again = profiles.publisher().write_profiles(FRAMES)
    assert again is not None
    assert (again.status, again.rows_out) == ("reused", 0)


def test_a_dry_run_writes_nothing(profiles: PublishingShop) -> None:
    step = profiles.publisher(dry_run=True).write_profiles(FRAMES)
    assert step is not None
    assert (step.status, step.figures["changed"]) == ("pending", 1)
    assert all(item["version"] == 1 for item in profiles.store.scan(TABLE))


def test_it_can_be_turned_off(profiles: PublishingShop) -> None:
    assert profiles.publisher(settings=PublishSettings(profiles=False)).write_profiles(FRAMES) is None
    assert all(item["version"] == 1 for item in profiles.store.scan(TABLE))


def test_a_store_without_profiles_stays_so(shop: PublishingShop) -> None:
    assert shop.publisher().write_profiles(FRAMES) is None
    assert TABLE in shop.store.missing_tables()


def test_without_the_rights_it_is_incomplete(profiles: PublishingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*arguments: Any, **options: Any) -> bool:
        raise ConfigError("access to the table is denied")

    monkeypatch.setattr(profiles.store, "put_if", denied)
    step = profiles.publisher().write_profiles(FRAMES)
    assert step is not None
    assert (step.status, step.incomplete) == ("failed", step.reason)
    assert step.reason.startswith("access to the table is denied (publish.profiles = false")
