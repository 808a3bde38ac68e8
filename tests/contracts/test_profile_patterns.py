"""What the nightly run writes to profiles, on every kind of store."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import Conflict, Interrupted
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers import profile_patterns, profiles
from omnix_cli.services.customers.customer_side import TABLES, CustomerSide
from omnix_cli.services.customers.profile_patterns import ProfileWriter, Written
from omnix_cli.services.customers.published_lists import PublishedLists
from omnix_cli.settings import Settings
from tests.contracts.test_customer_side import Clock
from tests.unit.steps.frames import AS_OF, frame

SEASONS = [
    {"season": "winter", "orders": 4, "share": 0.5, "shop_share": 0.25, "compared": "more"},
    {"season": "summer", "orders": 4, "share": 0.5, "shop_share": 0.25, "compared": "usual"},
]


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables(TABLES)
    return store_of_each_kind


@pytest.fixture
def side(store: TableStore) -> CustomerSide:
    return CustomerSide(store, PublishedLists(store), Settings(), Clock())


@pytest.fixture
def writer(side: CustomerSide) -> ProfileWriter:
    return ProfileWriter(side.store, side.now)


def known(*people: dict[str, Any]) -> pl.DataFrame:
    """What the steps found: customer, and if it matters segment, average, frequency, times, seasons."""
    days = {"orders": 8, "shopping_days": 8, "occasions": 8, "first_day": AS_OF, "last_day": AS_OF, "priced_orders": 8}
    recent = {"recent_orders": 8, "recent_priced_orders": 8, "timed_orders": 8}
    patterns = frame(
        "shopping_patterns",
        *(
            days
            | recent
            | {
                "customer_id": one["customer"],
                "average_order_value": one.get("average"),
                "shopping_frequency": one.get("frequency"),
                "preferred_times": one.get("times", []),
                "seasons": one.get("seasons"),
            }
            for one in people
        ),
    )
    limits = {"days_since_last": 1, "late_after": 14, "at_risk_after": 35, "lapsed_after": 56, "reason": "r"}
    segments = frame(
        "segments",
        *(
            limits
            | {name: 8 for name in ("orders", "shopping_days", "recent_orders")}
            | {"customer_id": one["customer"], "segment": one.get("segment", "loyal")}
            for one in people
        ),
    )
    return profile_patterns.known_of(patterns, segments)


ZOE = {"customer": "zoe", "average": "12.50", "frequency": "weekly", "times": ["weekend_morning"], "seasons": SEASONS}


def test_profiles_say_how_customers_shop(side: CustomerSide, writer: ProfileWriter) -> None:
    side.register({"customerId": "zoe", "demographics": {"age": 30}, "preferences": {"brandPreferences": ["Alp"]}})
    before = side.profile("zoe")
    assert writer.write(known(ZOE, {"customer": "not registered"})).figures == {"changed": 1, "unchanged": 0}
    after = side.profile("zoe")
    assert after["shoppingPatterns"] == {
        "averageOrderValue": Decimal("12.50"),
        "shoppingFrequency": "weekly",
        "preferredShoppingTimes": ["weekend_morning"],
        "seasonalPatterns": {
            "winter": {"share": Decimal("0.50"), "comparedWithShop": "more"},
            "summer": {"share": Decimal("0.50"), "comparedWithShop": "usual"},
        },
    }
    assert (after["segment"], after["version"]) == ("loyal", 2)
    assert after["updatedAt"] > before["updatedAt"]
    same = ("customerId", "demographics", "preferences", "consent", "createdAt")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert profiles.COMPUTED not in after
    assert side.store.get(profiles.TABLE, "not registered", now=side.now()) is None


def test_nothing_is_written_when_nothing_changed(side: CustomerSide, writer: ProfileWriter) -> None:
    side.register({"customerId": "zoe"})
    side.register({"customerId": "nobody ordered"})
    writer.write(known(ZOE))
    before = side.profile("zoe")
    assert writer.write(known(ZOE)) == Written(changed=0, cleared=0, unchanged=2, contended=0, units=0)
    assert side.profile("zoe") == before
    assert side.profile("nobody ordered")["version"] == 1


def test_a_dry_run_only_counts(side: CustomerSide, writer: ProfileWriter) -> None:
    side.register({"customerId": "zoe"})
    assert replace(writer, dry_run=True).write(known(ZOE)).changed == 1
    assert side.profile("zoe")["version"] == 1


def test_a_registration_is_the_same_registration_after_the_run(side: CustomerSide, writer: ProfileWriter) -> None:
    given = {"customerId": "zoe", "shoppingPatterns": {"averageOrderValue": 9}}
    side.register(given)
    writer.write(known(ZOE))
    assert not side.register(given).created
    with pytest.raises(Conflict):
        side.register({"customerId": "zoe", "demographics": {"age": 30}})


def test_times_that_the_customer_named_stay(side: CustomerSide, writer: ProfileWriter) -> None:
    side.register({"customerId": "zoe", "shoppingPatterns": {"preferredShoppingTimes": ["Friday at eight"]}})
    writer.write(known(ZOE))
    patterns = side.profile("zoe")["shoppingPatterns"]
    assert (patterns["preferredShoppingTimes"], patterns["shoppingFrequency"]) == (["Friday at eight"], "weekly")
    assert writer.write(known(ZOE)).written == 0


def test_what_is_no_longer_so_goes(side: CustomerSide, writer: ProfileWriter) -> None:
    side.register({"customerId": "zoe"})
    writer.write(known(ZOE))
    writer.write(known({**ZOE, "times": [], "seasons": None, "segment": "lapsed"}))
    profile = side.profile("zoe")
    assert profile["shoppingPatterns"] == {
        "averageOrderValue": Decimal("12.50"),
        "shoppingFrequency": "weekly",
        "preferredShoppingTimes": [],
        "seasonalPatterns": {},
    }
    assert profile["segment"] == "lapsed"


def test_without_consent_the_profile_forgets_what_was_computed(side: CustomerSide, writer: ProfileWriter) -> None:
    """Also when the run does not know of it yet; and for customers of whom nothing is known any more."""
    side.register({"customerId": "zoe"})
    side.register({"customerId": "max"})
    writer.write(known(ZOE, {**ZOE, "customer": "max"}))
    side.set_consent("zoe", {"personalisation": False})
    assert writer.write(known(ZOE)).figures == {"changed": 0, "cleared": 2, "unchanged": 0}
    for customer in ("zoe", "max"):
        stored = side.store.get(profiles.TABLE, customer, now=side.now()) or {}
        assert {"segment", profiles.COMPUTED}.isdisjoint(stored)
        assert stored["shoppingPatterns"] == {}
        assert side.profile(customer)["shoppingPatterns"]["shoppingFrequency"] == "occasional"
    assert writer.write(known(ZOE)).written == 0


def test_a_profile_of_the_older_service_keeps_what_omnix_does_not_know(
    side: CustomerSide, writer: ProfileWriter
) -> None:
    old = {
        "customerId": "old",
        "note": "x",
        "shoppingPatterns": {"basket": "big", "averageOrderValue": Decimal("3.20")},
    }
    side.store.put_many(profiles.TABLE, [old])
    writer.write(known({**ZOE, "customer": "old", "seasons": None}))
    stored = side.store.get(profiles.TABLE, "old", now=side.now()) or {}
    assert (stored["note"], stored["version"]) == ("x", 1)
    assert stored["shoppingPatterns"] == {
        "basket": "big",
        "averageOrderValue": Decimal("12.50"),
        "shoppingFrequency": "weekly",
        "preferredShoppingTimes": ["weekend_morning"],
    }
    registered = {"customerId": "old", "shoppingPatterns": {"averageOrderValue": Decimal("3.20")}}
    assert not side.register(registered).created


@pytest.mark.parametrize(
    "strange",
    [
        {"shoppingPatterns": "often"},
        {"shoppingPatterns": None, "version": "third"},
        {"consent": "yes", "computedPatterns": [1], "segment": 7, "note": None},
        {"preferences": None},
    ],
)
def test_a_profile_of_any_shape_is_written(side: CustomerSide, writer: ProfileWriter, strange: dict[str, Any]) -> None:
    """Attributes of other kinds than a run expects are replaced where they are its own, else kept."""
    side.store.put_many(profiles.TABLE, [{"customerId": "odd", **strange}])
    assert writer.write(known({**ZOE, "customer": "odd"})).changed == 1
    stored = side.store.get(profiles.TABLE, "odd", now=side.now()) or {}
    assert (stored["segment"], stored["shoppingPatterns"]["shoppingFrequency"]) == ("loyal", "weekly")
    kept = ("consent", "preferences", "note")
    assert {name: stored[name] for name in kept if name in strange} == {
        name: strange[name] for name in kept if name in strange
    }
    assert writer.write(known({**ZOE, "customer": "odd"})).changed == 0


def test_neither_a_change_nor_the_patterns_are_lost_in_a_race(
    side: CustomerSide, writer: ProfileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the preferences after the profile was read and before it is written."""
    side.register({"customerId": "zoe"})
    put_if = side.store.put_if

    def overtaken(*arguments: Any, **options: Any) -> bool:
        monkeypatch.undo()
        side.change_preferences("zoe", {"brandPreferences": ["Alp"]})
        return put_if(*arguments, **options)

    monkeypatch.setattr(side.store, "put_if", overtaken)
    assert writer.write(known(ZOE)).changed == 1
    profile = side.profile("zoe")
    assert (profile["preferences"]["brandPreferences"], profile["segment"], profile["version"]) == (["Alp"], "loyal", 3)


def test_a_customer_who_is_deleted_meanwhile_does_not_come_back(
    side: CustomerSide, writer: ProfileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    side.register({"customerId": "zoe"})
    put_if = side.store.put_if

    def overtaken(*arguments: Any, **options: Any) -> bool:
        monkeypatch.undo()
        side.store.delete_many(profiles.TABLE, ["zoe"])
        return put_if(*arguments, **options)

    monkeypatch.setattr(side.store, "put_if", overtaken)
    assert writer.write(known(ZOE)).written == 0
    assert side.store.get(profiles.TABLE, "zoe", now=side.now()) is None


def test_many_changes_at_the_same_time_are_all_kept(side: CustomerSide, writer: ProfileWriter) -> None:
    """One thread changes brands as fast as it can, while the run writes again and again."""
    side.register({"customerId": "zoe"})
    brands: list[str] = []
    done = threading.Event()

    def change() -> None:
        try:
            for number in range(25):
                while True:
                    try:
                        side.change_preferences("zoe", {"brandPreferences": [*brands, str(number)]})
                        break
                    except Conflict:
                        continue
                brands.append(str(number))
        finally:
            done.set()

    thread = threading.Thread(target=change)
    thread.start()
    segment = "loyal"
    while not done.is_set():
        segment = "lapsed" if segment == "loyal" else "loyal"
        writer.write(known({**ZOE, "segment": segment}))
    thread.join()
    writer.write(known({**ZOE, "segment": "champions"}))
    profile = side.profile("zoe")
    assert profile["preferences"]["brandPreferences"] == [str(number) for number in range(25)]
    assert (profile["segment"], profile["shoppingPatterns"]["shoppingFrequency"]) == ("champions", "weekly")


def test_it_stops_when_it_is_told_to(side: CustomerSide, writer: ProfileWriter) -> None:
    for number in range(5):
        side.register({"customerId": f"c{number}"})
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > 3:
            raise Interrupted("stopped")

    everybody = known(*({**ZOE, "customer": f"c{number}"} for number in range(5)))
    with pytest.raises(Interrupted):
        replace(writer, may_go_on=stop).write(everybody)
    assert 0 < writer.write(everybody).changed < 5


def test_somebody_who_never_rests_is_left_for_the_next_run(
    side: CustomerSide, writer: ProfileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    side.register({"customerId": "zoe"})
    with monkeypatch.context() as patched:
        patched.setattr(side.store, "put_if", lambda *arguments, **options: False)
        assert writer.write(known(ZOE)).figures == {"changed": 0, "unchanged": 0, "contended": 1}
    assert writer.write(known(ZOE)).changed == 1
