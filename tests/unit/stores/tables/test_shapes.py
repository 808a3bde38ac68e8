"""What differs between a table as it is wanted and as it is, and what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omnix_cli.stores.tables.shapes import IndexShape, TableShape, differences

BY_DAY = IndexShape(("customer text", "day text"))
WANTED = TableShape(
    key=("id text",),
    indexes={"by-day": BY_DAY},
    expiry="ttl",
    billing="PAY_PER_REQUEST",
    recovery=True,
    protection=True,
    warm=(0, 8000),
)
CURRENT = replace(WANTED, warm=(12000, 8000))


def test_a_table_as_wanted_has_no_differences() -> None:
    assert differences(WANTED, CURRENT) == ()


def test_a_table_that_is_missing_is_created_by_its_owner() -> None:
    (ours,) = differences(WANTED, None)
    (theirs,) = differences(WANTED, None, ours=False)
    assert (ours.what, ours.found, ours.remedy) == ("table", "missing", "Run `omnix tables create`.")
    assert "owner" in theirs.remedy


@pytest.mark.parametrize(
    ("change", "what", "found", "remedy"),
    [
        ({"status": "UPDATING"}, "table", "UPDATING", "Wait"),
        ({"key": ("id number",)}, "key", "id number", "omnix tables copy"),
        ({"key": ("id text", "day text")}, "key", "id text, day text", "omnix tables copy"),
        ({"indexes": {}}, "index by-day", "missing", "omnix tables create"),
        ({"indexes": {"by-day": replace(BY_DAY, projection="KEYS_ONLY")}}, "index by-day", "KEYS_ONLY", "Delete"),
        ({"indexes": {"by-day": IndexShape(("customer text",))}}, "index by-day", "customer text; ALL", "Delete"),
        ({"indexes": {"by-day": replace(BY_DAY, status="CREATING")}}, "index by-day", "CREATING", "Wait"),
        ({"indexes": {"by-day": BY_DAY, "more": BY_DAY}}, "index more", "customer text, day text", "pays"),
        ({"expiry": None}, "expiry", "off", "omnix tables create"),
        ({"expiry": "expiresAt"}, "expiry", "expiresAt", "wait an hour"),
        ({"recovery": False}, "point-in-time recovery", "off", "omnix tables create"),
        ({"protection": False}, "deletion protection", "off", "omnix tables create"),
        ({"billing": "PROVISIONED"}, "billing", "PROVISIONED", "on-demand"),
        ({"warm": (12000, 4000)}, "warm throughput", "12000 reads, 4000 writes", "omnix tables create"),
        ({"warm": None}, "warm throughput", "unknown", "omnix tables create"),
    ],
)
def test_each_difference_says_what_to_do(change: dict[str, object], what: str, found: str, remedy: str) -> None:
    (difference,) = differences(WANTED, replace(CURRENT, **change))
    assert difference.what == what
    assert found in difference.found
    assert remedy in difference.remedy


def test_what_is_on_though_the_settings_say_off_is_reported() -> None:
    wanted = replace(WANTED, expiry=None, recovery=False, protection=False)
    found = {one.what: one.remedy for one in differences(wanted, CURRENT)}
    assert "being deleted" in found["expiry"]
    assert "store.tables.point_in_time_recovery" in found["point-in-time recovery"]
    assert "store.tables.deletion_protection" in found["deletion protection"]


def test_what_is_not_specified_is_not_compared() -> None:
    wanted = TableShape(key=("id text",), indexes={"by-day": BY_DAY}, expiry="ttl")
    assert differences(wanted, replace(CURRENT, billing="PROVISIONED", recovery=False)) == ()
