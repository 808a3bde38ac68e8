"""The customer side does the same on every kind of store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from omnix_cli.errors import Conflict, InvalidRecord, NotFound
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers import interactions, order_lines, profiles, published_predictions
from omnix_cli.services.customers.customer_side import TABLES, CustomerSide
from omnix_cli.services.customers.published_lists import PublishedLists
from omnix_cli.settings import Settings

NOON = datetime(2018, 1, 15, 12, tzinfo=UTC)
MILK = {"productId": "milk", "unitPrice": Decimal("1.10"), "purchaseDate": "2018-01-10T10:00:00Z"}


@dataclass
class Clock:
    now: datetime = NOON
    passed: timedelta = field(default=timedelta(seconds=1))

    def __call__(self) -> datetime:
        self.now += self.passed
        return self.now


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables((*TABLES, "products"))
    return store_of_each_kind


@pytest.fixture
def side(store: TableStore) -> CustomerSide:
    return CustomerSide(store, PublishedLists(store, has_catalogue=True), Settings(), Clock())


def published(list_id: str, products: list[str], **item: Any) -> dict[str, Any]:
    entries = [
        {"productId": product, "productName": product.title(), "score": Decimal("0.5"), "reason": "r", "tags": ["t"]}
        | {"rank": rank}
        for rank, product in enumerate(products, start=1)
    ]
    times = {"generatedAt": "2018-01-15T03:00:00.000Z", "ttl": int((NOON + timedelta(days=7)).timestamp())}
    return {"id": list_id, "recommendations": entries, "algorithmType": "personal", "confidence": Decimal("0.4")} | {
        **times,
        **item,
    }


class TestProfiles:
    def test_what_is_left_out_has_its_default_field_by_field(self, side: CustomerSide) -> None:
        given = {"customerId": "zoe", "preferences": {"budgetRange": {"max": 20}}, "demographics": {"age": 30}}
        profile = side.register(given).profile
        assert profile["demographics"] == {"age": 30}
        assert profile["preferences"] == {
            "dietaryRestrictions": [],
            "favoriteCategories": [],
            "budgetRange": {"min": Decimal("0.00"), "max": Decimal("20.00")},
            "brandPreferences": [],
        }
        assert profile["shoppingPatterns"] == {
            "preferredShoppingTimes": [],
            "averageOrderValue": Decimal("0.00"),
            "shoppingFrequency": "occasional",
            "seasonalPatterns": {},
        }
        assert (profile["consent"], profile["version"]) == ({}, 1)
        assert side.profile("zoe") == profile

    def test_the_same_registration_again_changes_nothing(self, side: CustomerSide) -> None:
        first = side.register({"customerId": "zoe", "demographics": {"age": 30}})
        again = side.register({"customerId": "zoe", "demographics": {"age": 30}})
        assert (first.created, again.created) == (True, False)
        assert again.profile == first.profile

    def test_so_it_is_after_a_change_of_the_preferences(self, side: CustomerSide) -> None:
        side.register({"customerId": "zoe"})
        changed = side.change_preferences("zoe", {"brandPreferences": ["Alp"]})
        assert side.register({"customerId": "zoe"}).profile == changed

    def test_the_same_is_the_same_however_it_is_written(self, side: CustomerSide) -> None:
        seasons = {"winter": {"share": Decimal("0.5"), "orders": 2}, "summer": {"share": 1}}
        side.register({"customerId": "zoe", "shoppingPatterns": {"seasonalPatterns": seasons}})
        changed = side.change_preferences("zoe", {"brandPreferences": ["Alp"]})
        again = {"summer": {"share": Decimal("1.0")}, "winter": {"orders": 2.0, "share": Decimal("0.50")}}
        registered = side.register({"shoppingPatterns": {"seasonalPatterns": again}, "customerId": "zoe"})
        assert (registered.created, registered.profile) == (False, changed)
        other = {"summer": {"share": 2}, "winter": seasons["winter"]}
        with pytest.raises(Conflict):
            side.register({"customerId": "zoe", "shoppingPatterns": {"seasonalPatterns": other}})

    def test_the_fields_stay_in_their_order(self, side: CustomerSide) -> None:
        first = side.register({"customerId": "zoe"}).profile
        assert list(side.change_preferences("zoe", {"brandPreferences": ["Alp"]})) == list(first)
        assert list(side.set_consent("zoe", {"aiAnalysis": True})) == list(side.profile("zoe")) == list(first)

    def test_another_registration_is_refused(self, side: CustomerSide) -> None:
        side.register({"customerId": "zoe", "demographics": {"age": 30}})
        with pytest.raises(Conflict, match="registered already"):
            side.register({"customerId": "zoe", "demographics": {"age": 31}})
        assert side.profile("zoe")["demographics"] == {"age": 30}

    def test_preferences_are_replaced_one_by_one_and_each_whole(self, side: CustomerSide) -> None:
        first = {"dietaryRestrictions": ["vegan", "nuts"], "budgetRange": {"min": 1, "max": 9}}
        side.register({"customerId": "zoe", "preferences": first})
        changed = side.change_preferences("zoe", {"dietaryRestrictions": ["vegan"], "budgetRange": {"max": 5}})
        assert changed["preferences"]["dietaryRestrictions"] == ["vegan"]
        assert changed["preferences"]["budgetRange"] == {"min": Decimal("0.00"), "max": Decimal("5.00")}
        assert (changed["version"], changed["createdAt"] < changed["updatedAt"]) == (2, True)
        kept = side.change_preferences("zoe", {"favoriteCategories": ["Dairy"]})
        assert kept["preferences"]["dietaryRestrictions"] == ["vegan"]

    def test_a_change_of_nothing_makes_no_version(self, side: CustomerSide) -> None:
        side.register({"customerId": "zoe"})
        assert side.change_preferences("zoe", {})["version"] == 1
        assert side.change_preferences("zoe", {"brandPreferences": []})["version"] == 1

    def test_of_two_changes_of_one_version_one_is_refused(self, side: CustomerSide) -> None:
        side.register({"customerId": "zoe"})
        side.change_preferences("zoe", {"brandPreferences": ["Alp"]}, version=1)
        with pytest.raises(Conflict, match="it is at version 2, not 1"):
            side.change_preferences("zoe", {"brandPreferences": ["Oven"]}, version=1)
        assert side.profile("zoe")["preferences"]["brandPreferences"] == ["Alp"]

    def test_a_change_between_reading_and_writing_is_not_lost(
        self, side: CustomerSide, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        side.register({"customerId": "zoe"})
        put_if = side.store.put_if

        def overtaken(*arguments: Any, **options: Any) -> bool:
            monkeypatch.undo()
            side.change_preferences("zoe", {"brandPreferences": ["Alp"]})
            return put_if(*arguments, **options)

        monkeypatch.setattr(side.store, "put_if", overtaken)
        with pytest.raises(Conflict, match="at the same time"):
            side.change_preferences("zoe", {"brandPreferences": ["Oven"]})
        assert side.profile("zoe")["preferences"]["brandPreferences"] == ["Alp"]

    def test_a_profile_of_the_older_service_is_read_as_it_is_and_can_be_changed(self, side: CustomerSide) -> None:
        old = {"customerId": "old", "updatedAt": "2017-01-01T00:00:00.000Z", "demographics": {"age": 7}, "note": "x"}
        side.store.put_many(profiles.TABLE, [old])
        profile = side.profile("old")
        assert (profile["demographics"], profile["note"]) == ({"age": 7}, "x")
        changed = side.set_consent("old", {"aiAnalysis": False})
        assert (changed["consent"], changed["version"], changed["note"]) == ({"aiAnalysis": False}, 1, "x")

    def test_nobody_unknown_has_a_profile(self, side: CustomerSide) -> None:
        with pytest.raises(NotFound, match="'nobody'"):
            side.profile("nobody")
        with pytest.raises(NotFound, match="'nobody'"):
            side.change_preferences("nobody", {"brandPreferences": ["Alp"]})
        with pytest.raises(NotFound, match="'nobody'"):
            side.set_consent("nobody", {"personalisation": True})

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"demographics": {"age": 17}}, "demographics.age"),
            ({"demographics": {"age": "30"}}, "demographics.age"),
            ({"demographics": {"familySize": 21}}, "demographics.familySize"),
            ({"demographics": {"shoeSize": 40}}, "demographics.shoeSize"),
            ({"preferences": {"budgetRange": {"min": 5, "max": 4}}}, "preferences.budgetRange"),
            ({"preferences": {"budgetRange": {"min": Decimal("0.001")}}}, "preferences.budgetRange.min"),
            ({"preferences": {"dietaryRestrictions": "vegan"}}, "preferences.dietaryRestrictions"),
            ({"shoppingPatterns": {"shoppingFrequency": "hourly"}}, "shoppingPatterns.shoppingFrequency"),
            ({"consent": {"aiAnalysis": "yes"}}, "consent.aiAnalysis"),
            ({"customerId": " zoe"}, "customerId"),
            ({"customerId": "anonymous#1"}, "customerId"),
            ({"version": 3}, "version"),
        ],
    )
    def test_a_wrong_field_is_named(self, side: CustomerSide, wrong: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidRecord) as caught:
            side.register({"customerId": "zoe", **wrong})
        assert [name for name, _ in caught.value.problems] == [field]
        with pytest.raises(NotFound):
            side.profile("zoe")


class TestPurchases:
    def test_lines_come_newest_first_page_by_page(self, side: CustomerSide) -> None:
        days = [f"2018-01-{day:02}T10:00:00Z" for day in (3, 1, 5, 2, 4)]
        added = side.add_purchases("zoe", [MILK | {"purchaseDate": day} for day in days])
        assert {one.status for one in added} == {"created"}
        first = side.purchases("zoe", limit=3)
        rest = side.purchases("zoe", limit=3, cursor=first.cursor)
        assert [item["purchaseDate"][8:10] for item in [*first.items, *rest.items]] == ["05", "04", "03", "02", "01"]
        assert rest.cursor is None
        assert side.purchases("nobody").items == []

    def test_the_same_line_again_is_the_same_item(self, side: CustomerSide) -> None:
        ordered = MILK | {"orderId": "R-1", "quantity": 2}
        (first,) = side.add_purchases("zoe", [ordered])
        (again,) = side.add_purchases("zoe", [ordered])
        (corrected,) = side.add_purchases("zoe", [ordered | {"quantity": 3}])
        assert (first.status, again.status, corrected.status) == ("created", "unchanged", "changed")
        assert first.id == again.id == corrected.id == "2018-01-10##R-1#milk"
        (item,) = side.purchases("zoe").items
        assert (item["quantity"], item["totalPrice"], item["promotionUsed"]) == (3, Decimal("3.30"), False)

    @pytest.mark.parametrize("customer", ["", " ", " zoe", "a\nb", "x" * 257, "anonymous#1"])
    def test_who_cannot_be_a_customer_buys_and_does_nothing(self, side: CustomerSide, customer: str) -> None:
        with pytest.raises(InvalidRecord, match="customerId"):
            side.add_purchases(customer, [MILK])
        with pytest.raises(InvalidRecord, match="customerId"):
            side.record_interaction(customer, {"productId": "milk", "interactionType": "view"})

    @pytest.mark.parametrize("day", ["0001-01-01T00:00:00+14:00", "0001-01-01", "1989-12-31T23:59:59Z"])
    def test_the_zero_of_some_clock_is_no_time(self, side: CustomerSide, day: str) -> None:
        (added,) = side.add_purchases("zoe", [MILK | {"purchaseDate": day}])
        assert (added.status, "purchaseDate: is " in str(added.reason)) == ("refused", True)
        with pytest.raises(InvalidRecord, match="timestamp: is "):
            side.record_interaction("zoe", {"productId": "milk", "interactionType": "view", "timestamp": day})

    def test_equal_lines_of_one_call_are_lines_of_their_own(self, side: CustomerSide) -> None:
        for _ in range(2):
            side.add_purchases("zoe", [MILK, MILK])
        assert len(side.purchases("zoe").items) == 2

    def test_so_many_lines_at_once_and_no_more(self, side: CustomerSide) -> None:
        for rows in ([], [MILK] * (order_lines.MAX_ROWS + 1)):
            with pytest.raises(InvalidRecord, match="lines can be added at once"):
                side.add_purchases("zoe", rows)

    def test_a_wrong_line_is_refused_alone(self, side: CustomerSide) -> None:
        times = [MILK | {"purchaseDate": day} for day in ("2019-01-01", "1018-01-15")]
        wrong: list[Any] = [{"productId": "tea"}, MILK | {"rating": 6}, *times, 7]
        added = side.add_purchases("zoe", [*wrong, MILK])
        assert [one.status for one in added] == ["refused"] * 5 + ["created"]
        assert [one.reason for one in added[:4]] == [
            "unitPrice: is missing",
            "rating: should be less than or equal to 5",
            "purchaseDate: is in the future",
            "purchaseDate: is before 1990",
        ]
        assert len(side.purchases("zoe").items) == 1

    def test_rows_of_the_older_service_are_read_as_they_are(self, side: CustomerSide) -> None:
        row = {"id": "4f6b", "customerId": "zoe", "productId": "tea", "purchaseDate": "2016-01-01T00:00:00.000Z"}
        side.store.put_many(order_lines.PURCHASE_TABLE, [row])
        assert side.purchases("zoe").items == [row]


class TestInteractions:
    def test_an_interaction_is_kept_with_its_time(self, side: CustomerSide) -> None:
        given = {"productId": "milk", "interactionType": "view", "metadata": {"page": 2, "price": 1.1}}
        item, is_new = side.record_interaction("zoe", given)
        assert (is_new, item["metadata"]) == (True, {"page": 2, "price": Decimal("1.1")})
        assert item["timestamp"].startswith("2018-01-15T12:00:0")
        assert side.interactions("zoe").items == [item]
        assert side.store.get(interactions.TABLE, item["id"], now=NOON) == item

    def test_an_id_makes_it_safe_to_repeat(self, side: CustomerSide) -> None:
        given = {"productId": "milk", "interactionType": "view", "id": "i-1"}
        first, _ = side.record_interaction("zoe", given)
        again, is_new = side.record_interaction("zoe", given)
        assert (again, is_new) == (first, False)
        for other in ({"interactionType": "wishlist"}, {"productId": "tea"}, {"timestamp": "2018-01-01T00:00:00Z"}):
            with pytest.raises(Conflict, match="'i-1'"):
                side.record_interaction("zoe", given | other)
        with pytest.raises(Conflict):
            side.record_interaction("max", given)
        assert side.interactions("zoe").items == [first]

    def test_with_the_same_id_less_is_something_else(self, side: CustomerSide) -> None:
        given = {"productId": "milk", "interactionType": "view", "id": "i-1"}
        side.record_interaction("zoe", given | {"sessionId": "s"})
        with pytest.raises(Conflict, match="'i-1'"):
            side.record_interaction("zoe", given)

    def test_without_an_id_the_content_tells(self, side: CustomerSide) -> None:
        given = {"productId": "milk", "interactionType": "view", "timestamp": "2018-01-15T13:00:00+02:00"}
        first, _ = side.record_interaction("zoe", given)
        assert side.record_interaction("zoe", given) == (first, False)
        assert first["timestamp"] == "2018-01-15T11:00:00.000Z"
        side.record_interaction("zoe", given | {"sessionId": "s"})
        assert len(side.interactions("zoe").items) == 2

    def test_the_same_content_is_the_same_however_it_is_written(self, side: CustomerSide) -> None:
        given = {"productId": "milk", "interactionType": "view", "timestamp": "2018-01-15T11:00:00Z"}
        first, _ = side.record_interaction("zoe", given | {"metadata": {"page": 1, "at": {"x": 2, "y": [3]}}})
        again = {"at": {"y": [3.0], "x": Decimal("2.0")}, "page": Decimal("1.0")}
        assert side.record_interaction("zoe", given | {"metadata": again}) == (first, False)
        assert len(side.interactions("zoe").items) == 1

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"interactionType": "stare"}, "interactionType"),
            ({"timestamp": "yesterday"}, "timestamp"),
            ({"timestamp": "2018-01-15T12:30:00Z"}, "timestamp"),
            ({"timestamp": "1989-12-31T23:59:59Z"}, "timestamp"),
            ({"metadata": {"text": "x" * 9_000}}, "metadata"),
            ({"metadata": {"number": Decimal("1E+999")}}, "metadata"),
            ({"productId": ""}, "productId"),
        ],
    )
    def test_a_wrong_field_is_named(self, side: CustomerSide, wrong: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidRecord) as caught:
            side.record_interaction("zoe", {"productId": "milk", "interactionType": "view", **wrong})
        assert [name for name, _ in caught.value.problems] == [field]


class TestPublished:
    def test_a_customer_gets_the_list_of_the_context(self, side: CustomerSide) -> None:
        items = [published("zoe#homepage", ["milk", "tea"], customerId="zoe"), published("zoe#usual", ["jam"])]
        side.store.put_many("recommendations", items)
        side.store.put_many("products", [{"id": "milk", "name": "Milk", "category": "Dairy", "price": Decimal("1.1")}])
        page = side.recommendations("zoe", context="checkout", limit=1).values()
        assert page["algorithm"] == "personal" and page["generatedAt"] == "2018-01-15T03:00:00.000Z"
        (milk,) = page["recommendations"]
        assert milk["product"] == {"id": "milk", "name": "Milk", "category": "Dairy", "price": Decimal("1.1")}
        assert (milk["reason"], milk["tags"], milk["rank"]) == ("r", ["t"], 1)
        assert [one["product"]["id"] for one in side.recommendations("zoe", context="usual").recommendations] == ["jam"]

    def test_somebody_unknown_gets_what_is_popular_and_is_told_so(self, side: CustomerSide) -> None:
        side.store.put_many("recommendations", [published("popular#all", ["bread"], algorithmType="popular")])
        found = side.recommendations("nobody")
        assert [one["product"]["id"] for one in found.recommendations] == ["bread"]
        assert (found.algorithm, found.reason) == ("popular", "popular products: there is no list for this customer")
        assert side.recommendations("nobody", context="replenishment").recommendations == []

    def test_what_has_expired_is_not_shown(self, side: CustomerSide) -> None:
        side.store.put_many("recommendations", [published("zoe#homepage", ["milk"], ttl=int(NOON.timestamp()) - 1)])
        assert side.recommendations("zoe").recommendations == []

    def test_similar_products_of_an_unknown_product_are_an_error(self, side: CustomerSide) -> None:
        side.store.put_many("recommendations", [published("similar#milk", ["bread"])])
        side.add_purchases("zoe", [MILK | {"productId": "tea"}])
        assert len(side.similar("milk").recommendations) == 1
        assert side.similar("tea").recommendations == []
        with pytest.raises(NotFound, match="'gold'"):
            side.similar("gold")

    def test_trends_and_seasons(self, side: CustomerSide) -> None:
        lists = [published("trending#all", ["jam"]), published("seasonal#winter", ["tea"])]
        side.store.put_many("recommendations", lists)
        assert [one["product"]["id"] for one in side.trending()] == ["jam"]
        assert side.seasonal() == side.seasonal("winter")
        assert side.seasonal("summer") == []
        with pytest.raises(InvalidRecord, match="season"):
            side.seasonal("monsoon")

    def test_feedback_sets_the_status_and_nothing_else(self, side: CustomerSide) -> None:
        item = published("zoe#homepage", ["milk"], customerId="zoe", status="active")
        side.store.put_many("recommendations", [item])
        side.give_feedback({"customerId": "zoe", "status": "clicked"})
        stored = side.store.get("recommendations", "zoe#homepage", now=NOON)
        assert stored is not None and stored.pop("statusAt").startswith("2018-01-15T12:")
        assert stored == item | {"status": "clicked"}
        with pytest.raises(NotFound):
            side.give_feedback({"customerId": "max", "status": "clicked"})
        with pytest.raises(InvalidRecord, match="status"):
            side.give_feedback({"customerId": "zoe", "status": "hated"})

    @pytest.mark.parametrize("limit", [0, 101, -1])
    def test_a_limit_has_bounds(self, side: CustomerSide, limit: int) -> None:
        with pytest.raises(InvalidRecord, match="limit"):
            side.recommendations("zoe", limit=limit)

    @pytest.mark.parametrize(
        ("day", "confidence", "alert"),
        [
            ("2018-01-01", "0.71", "urgent"),
            ("2018-01-16", "0.71", "urgent"),
            ("2018-01-16", "0.7", "upcoming"),
            ("2018-01-17", "0.99", "upcoming"),
            ("2018-01-22", "0.61", "upcoming"),
            ("2018-01-22", "0.6", None),
            ("2018-01-15", "0.6", None),
            ("2018-01-23", "0.99", None),
        ],
    )
    def test_an_alert_is_about_the_day_and_the_confidence(
        self, side: CustomerSide, day: str, confidence: str, alert: str | None
    ) -> None:
        item = published("zoe#replenishment", ["milk"])
        item["recommendations"][0] |= {"predictedPurchaseDate": day, "confidence": Decimal(confidence)}
        side.store.put_many("recommendations", [item])
        alerts = side.replenishment_alerts("zoe")
        assert [name for name, patterns in alerts.items() if patterns] == ([alert] if alert else [])

    def test_tomorrow_is_that_of_the_shop(self, side: CustomerSide) -> None:
        item = published("zoe#replenishment", ["milk"])
        item["recommendations"][0] |= {"predictedPurchaseDate": "2018-01-17", "confidence": Decimal("0.8")}
        side.store.put_many("recommendations", [item])
        there = Settings.model_validate({"imports": {"timezone": "Pacific/Kiritimati"}})  # the 16th by now
        assert replace(side, settings=there).replenishment_alerts("zoe")["urgent"]

    def test_the_season_is_that_of_the_shop(self, side: CustomerSide) -> None:
        side.store.put_many("recommendations", [published("seasonal#spring", ["milk"], ttl=2_000_000_000)])
        evening = replace(side, now=lambda: datetime(2018, 2, 28, 20, tzinfo=UTC))
        assert evening.seasonal() == []
        there = Settings.model_validate({"imports": {"timezone": "Pacific/Kiritimati"}})  # March by now
        assert replace(evening, settings=there).seasonal()

    def test_lists_that_another_service_wrote_are_read_as_they_are(self, side: CustomerSide) -> None:
        bare = {"id": "zoe#homepage", "recommendations": [{"productId": "milk"}, {"name": "Tea"}, "jam"]}
        dated = {"productId": "milk", "predictedPurchaseDate": "2018-01-16"}
        others = [{"id": "zoe#usual"}, {"id": "zoe#replenishment", "recommendations": [dated]}]
        side.store.put_many("recommendations", [bare, *others])
        (milk,) = side.recommendations("zoe").recommendations
        assert (milk["product"]["id"], milk["score"]) == ("milk", 0)
        assert side.recommendations("zoe", context="usual").recommendations == []
        assert side.consumption_predictions("zoe") == []

    @pytest.mark.parametrize(
        "old",
        [
            {"preferences": None, "consent": "yes"},
            {"version": "3", "preferences": {"budgetRange": None}},
            {"version": 2},
        ],
    )
    def test_profiles_that_another_service_wrote_can_be_changed(self, side: CustomerSide, old: dict[str, Any]) -> None:
        side.store.put_many(profiles.TABLE, [{"customerId": "old", **old}])
        assert side.profile("old")["preferences"]["brandPreferences"] == []
        changed = side.change_preferences("old", {"brandPreferences": ["Alp"]})
        assert changed["preferences"]["brandPreferences"] == ["Alp"]
        assert side.set_consent("old", {"personalisation": False})["version"] == changed["version"] + 1

    def test_a_store_may_lack_the_catalogue(self, store_of_each_kind: TableStore) -> None:
        store_of_each_kind.create_tables(TABLES)
        side = CustomerSide.of(store_of_each_kind, Settings(), now=Clock())
        side.store.put_many("recommendations", [published("similar#milk", ["tea"])])
        assert [one["product"]["name"] for one in side.similar("milk").recommendations] == ["Tea"]
        with pytest.raises(NotFound, match="'gold'"):
            side.similar("gold")
        side.add_purchases("zoe", [MILK | {"productId": "gold"}])
        assert side.similar("gold").recommendations == []

    def test_predictions_are_those_of_the_lists(self, side: CustomerSide) -> None:
        due = {"predictedPurchaseDate": "2018-01-16", "confidence": Decimal("0.8"), "urgency": "urgent"}
        late = {"predictedPurchaseDate": "2018-01-01", "nextExpectedDate": "2018-01-20", "urgency": "overdue"}
        item = published("zoe#replenishment", ["tea", "milk", "jam"])
        item["recommendations"][0] |= late | {"confidence": Decimal("0.3")}
        item["recommendations"][1] |= due
        window = {"intervalDays": Decimal("6.5"), "intervalFrom": "2018-01-14", "intervalTo": "2018-01-19"}
        item["recommendations"][1] |= {**window, "category": "Dairy"}
        page = published("zoe#homepage", ["milk"])
        page["recommendations"][0] |= due
        side.store.put_many("recommendations", [item, page])
        patterns = side.consumption_predictions("zoe")
        assert patterns[0]["interval"] == {"from": "2018-01-14", "to": "2018-01-19"}
        assert (patterns[0]["averageDaysBetweenPurchases"], patterns[0]["category"]) == (Decimal("6.5"), "Dairy")
        assert (patterns[1]["interval"], patterns[1]["averageDaysBetweenPurchases"]) == (None, None)
        milk = side.purchase_prediction("zoe", "milk")
        assert (milk["averageDaysBetween"], milk["interval"]) == (Decimal("6.5"), patterns[0]["interval"])
        assert [(one["productId"], one["predictedNextPurchaseDate"]) for one in patterns] == [
            ("milk", "2018-01-16"),
            ("tea", "2018-01-20"),
        ]
        alerts = side.replenishment_alerts("zoe")
        assert tuple(alerts) == tuple(published_predictions.ALERTS)
        assert ([one["productId"] for one in alerts["urgent"]], alerts["upcoming"]) == (["milk"], [])
        assert side.purchase_prediction("zoe", "tea")["predictedDate"] == "2018-01-20"
        with pytest.raises(NotFound):
            side.purchase_prediction("zoe", "jam")
        assert side.consumption_predictions("nobody") == []
