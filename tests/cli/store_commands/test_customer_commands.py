from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import CUSTOMERS, Omnix, write_shop


def test_a_customer_is_registered_changed_and_shown(omnix: Omnix) -> None:
    answer = omnix("customers", "register", "zoe", "--age", "50", "--diet", "vegan", "--max-budget", "20.5")
    assert answer.code == 0, answer.err
    assert "preferences.dietaryRestrictions  " in answer.out
    again = omnix("customers", "register", "zoe", "--age", "50", "--diet", "vegan", "--max-budget", "20.5")
    assert (again.code, again.out) == (0, answer.out)
    assert "zoe was registered already" in again.err
    changed = json.loads(omnix("customers", "preferences", "zoe", "--category", "Dairy", "--format", "json").out)
    assert changed["preferences"]["favoriteCategories"] == ["Dairy"]
    assert changed["preferences"]["dietaryRestrictions"] == ["vegan"]
    assert json.loads(omnix("customers", "profile", "zoe", "--format", "json").out) == changed
    consent = json.loads(omnix("customers", "consent", "zoe", "--no-ai-analysis", "--format", "json").out)
    assert (consent["consent"], consent["version"]) == ({"aiAnalysis": False}, 3)


def test_conflicts_and_unknown_customers_end_with_exit_code_3(omnix: Omnix) -> None:
    omnix("customers", "register", "zoe")
    other = omnix("customers", "register", "zoe", "--age", "50")
    assert (other.code, "registered already, with other values" in other.err) == (3, True)
    late = omnix("customers", "preferences", "zoe", "--brand", "Alp", "--version", "7")
    assert (late.code, "it is at version 1, not 7" in late.err) == (3, True)
    unknown = omnix("customers", "profile", "nobody")
    assert (unknown.code, "there is no customer 'nobody'" in unknown.err) == (3, True)
    wrong = omnix("customers", "register", "max", "--age", "7")
    assert (wrong.code, "demographics.age: should be greater than or equal to 18" in wrong.err) == (3, True)


def test_a_command_that_is_given_nothing_says_what_to_give(omnix: Omnix) -> None:
    omnix("customers", "register", "zoe")
    for command, flag in (("consent", "--[no-]ai-analysis"), ("preferences", "--data FILE")):
        answer = omnix("customers", command, "zoe")
        assert (answer.code, "nothing to change" in answer.err, flag in answer.err) == (0, True, True)
    digits = omnix("customers", "preferences", "zoe", "--max-budget", "1_0")
    assert (digits.code, "budgetRange.max: must be a number" in digits.err) == (3, True)


def test_interactions_are_recorded_once(omnix: Omnix) -> None:
    record = ("customers", "interact", "zoe", "milk", "--type", "view", "--id", "i-1")
    assert omnix(*record).code == 0
    again = omnix(*record)
    assert (again.code, "i-1 was recorded already" in again.err) == (0, True)
    shown = json.loads(omnix("customers", "interactions", "zoe", "--format", "json").out)
    assert [(item["id"], item["interactionType"]) for item in shown] == [("i-1", "view")]
    other = omnix("customers", "interact", "zoe", "tea", "--type", "view", "--id", "i-1")
    assert (other.code, "another interaction" in other.err) == (3, True)


def test_predictions_are_those_of_the_run(ran: Omnix) -> None:
    due = json.loads(ran("show", "due", "--customer", "c01", "--days", "14", "--format", "json").out)
    wanted = {row["product_id"]: row["next_expected_date"] for row in due}
    patterns = json.loads(ran("customers", "predictions", "c01", "--format", "json").out)
    assert patterns
    for pattern in patterns:
        assert pattern["predictedNextPurchaseDate"] == wanted[pattern["productId"]]
    alerts = json.loads(ran("customers", "alerts", "c01", "--format", "json").out)
    assert [one for some in alerts.values() for one in some] == [one for one in patterns if one["confidence"] > 0.6]
    table = ran("customers", "alerts", "c01", "--format", "csv").out.splitlines()
    assert table[0].startswith("alert,productId,") and len(table) == 1 + sum(map(len, alerts.values()))
    one = ran("customers", "prediction", "c01", patterns[0]["productId"], "--format", "json")
    assert json.loads(one.out)["predictedDate"] == patterns[0]["predictedNextPurchaseDate"]
    assert ran("customers", "prediction", "c01", "gold").code == 3


def test_a_run_says_when_what_is_due_how_customers_shop_and_in_which_segment(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    registered = omnix("customers", "register", "c01", "--brand", "Alp")
    assert registered.code == 0
    for kind in ("products", "purchases"):
        assert omnix("import", kind, f"{kind}.csv").code == 0
    run = omnix("run")
    assert run.code == 0, run.err
    assert "changed=1 unchanged=0" in run.err

    patterns = json.loads(omnix("customers", "predictions", "c01", "--format", "json").out)
    assert patterns
    for pattern in patterns:
        assert 0 < pattern["averageDaysBetweenPurchases"] < 40
        assert pattern["interval"]["from"] <= pattern["dueDate"] <= pattern["interval"]["to"]
        assert pattern["category"]
        one = json.loads(omnix("customers", "prediction", "c01", pattern["productId"], "--format", "json").out)
        assert one["averageDaysBetween"] == pattern["averageDaysBetweenPurchases"]
        assert one["interval"] == pattern["interval"]

    profile = json.loads(omnix("customers", "profile", "c01", "--format", "json").out)
    assert profile["preferences"]["brandPreferences"] == ["Alp"]
    assert profile["shoppingPatterns"]["shoppingFrequency"] == "weekly"
    assert profile["shoppingPatterns"]["averageOrderValue"] == 6.88  # 20 weeks of milk, bread; tea in 5, jam in 10
    assert profile["segment"] == "loyal"
    assert "computedPatterns" not in profile

    counts = json.loads(omnix("customers", "segments", "--format", "json").out)
    assert [(row["segment"], row["customers"], row["share"]) for row in counts] == [("loyal", len(CUSTOMERS), 1.0)]
    (mine,) = json.loads(omnix("customers", "segments", "c01", "--format", "json").out)
    assert (mine["segment"], mine["orders"], mine["shopping_frequency"]) == ("loyal", 20, "weekly")
    assert mine["reason"].startswith("20 orders in the last 365 days worth 137.50, shopping every 7.0 days, ")
    unknown = omnix("customers", "segments", "nobody")
    assert (unknown.code, "there is no customer 'nobody'" in unknown.err) == (3, True)

    again = omnix("run")
    assert "changed=0 unchanged=1" in again.err
    assert json.loads(omnix("customers", "profile", "c01", "--format", "json").out) == profile


def test_segments_need_a_run(omnix: Omnix) -> None:
    answer = omnix("customers", "segments")
    assert (answer.code, "omnix run" in answer.err) == (3, True), answer.err


def test_who_withdraws_consent_loses_segment_and_patterns_with_the_next_run(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    omnix("customers", "register", "c01")
    for kind in ("products", "purchases"):
        omnix("import", kind, f"{kind}.csv")
    omnix("run")
    omnix("customers", "consent", "c01", "--no-personalisation")
    run = omnix("run")
    assert "changed=0 cleared=1 unchanged=0" in run.err
    profile = json.loads(omnix("customers", "profile", "c01", "--format", "json").out)
    assert "segment" not in profile
    assert profile["shoppingPatterns"]["shoppingFrequency"] == "occasional"
    nothing = omnix("customers", "segments", "c01")
    assert (nothing.code, "`c01` is in no segment: the run knew of no order, or of no consent" in nothing.err) == (
        0,
        True,
    )
    (counts,) = json.loads(omnix("customers", "segments", "--format", "json").out)
    assert counts["customers"] == len(CUSTOMERS) - 1
