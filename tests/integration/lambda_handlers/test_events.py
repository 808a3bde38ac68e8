"""Events of orders and purchases, as Lambda hands them over."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from omnix_cli.errors import InvalidRecord, UnavailableError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.serving.lambda_handlers import deliveries, event_records, order_events, purchase_events
from omnix_cli.serving.lambda_handlers.container import present
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE
from omnix_cli.stores.tables.store_tombstones import StoreTombstones
from tests.integration.lambda_handlers.recorded_events import Context, bus, queue, stream, topic

MILK = {"productId": "milk", "quantity": 2, "unitPrice": 1.1}
ORDER = {"id": "R-1", "customerId": "zoe", "orderDate": "2020-05-01T10:00:00Z", "status": "completed", "items": [MILK]}
LATER = {**ORDER, "updatedAt": "2020-05-03T10:00:00Z"}
LINE = {"customerId": "zoe", "productId": "milk", "unitPrice": 1.1, "quantity": 2, "orderId": "R-1"}
NONE: dict[str, Any] = {"batchItemFailures": []}


def failed(*names: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def rows(store: TableStore) -> dict[str, Any]:
    return {item["id"]: item["quantity"] for item in store.scan(PURCHASE_TABLE)}


def exact(document: dict[str, Any]) -> dict[str, Any]:
    """The document as an item of a table."""
    return json.loads(json.dumps(document), parse_float=Decimal)  # type: ignore[no-any-return]


def figures(printed: str) -> dict[str, float]:
    """The metrics of the function, as it prints them for CloudWatch."""
    found: dict[str, float] = {}
    for line in printed.splitlines():
        values = json.loads(line)
        (directive,) = values["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == deliveries.NAMESPACE
        found |= {one["Name"]: sum(values[one["Name"]]) for one in directive["Metrics"]}
    return found


class TestOrders:
    @pytest.mark.parametrize(
        "event",
        [
            queue(ORDER),
            queue(bus(ORDER)),
            queue(topic(ORDER)),
            queue(topic(bus(ORDER))),
            bus(ORDER),
            stream(exact(ORDER)),
        ],
        ids=["queue", "bus to queue", "topic to queue", "bus to topic to queue", "bus", "stream"],
    )
    def test_they_come_from_queues_buses_and_streams(self, store: TableStore, event: dict[str, Any]) -> None:
        for _ in range(2):
            assert order_events.handler(event, Context()) in ({}, NONE)
            assert rows(store) == {"##R-1#milk": 2}
        assert order_events.handler(queue({**LATER, "status": "cancelled"}), Context()) == NONE
        order_events.handler(event, Context())
        assert rows(store) == {}

    def test_only_what_failed_comes_again(self, store: TableStore, capsys: pytest.CaptureFixture[str]) -> None:
        batch = queue({**ORDER, "id": "R-2"}, "no JSON", {**ORDER, "items": [{}]}, ORDER)
        assert order_events.handler(batch, Context()) == failed("m1", "m2")
        assert rows(store) == {"##R-1#milk": 2, "##R-2#milk": 2}
        assert figures(capsys.readouterr().out) == {"EventsApplied": 2, "EventsRefused": 2}

    @pytest.mark.parametrize(
        ("event", "name"),
        [
            (queue({"id": "R-1"}), "m0"),
            (queue({**bus(ORDER), "id": ""}), "m0"),
            (queue(bus(ORDER, time="never")), "m0"),
            (queue({**topic(ORDER), "Message": "{"}), "m0"),
            (stream(None), "4421584500000000017450439091"),
        ],
    )
    def test_a_batch_of_one_bad_message_is_answered_not_raised(
        self, store: TableStore, event: dict[str, Any], name: str
    ) -> None:
        assert order_events.handler(event, Context()) == failed(name)

    def test_a_single_bad_event_is_raised(self, store: TableStore, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(InvalidRecord):
            order_events.handler(bus({"id": "R-1"}), Context())
        assert figures(capsys.readouterr().out) == {"EventsRefused": 1}

    @pytest.mark.parametrize(
        "event",
        [
            {},
            {"Records": None},
            {"Records": [7]},
            {"Records": [{"EventSource": "aws:sns", "Sns": topic(ORDER)}]},
            {"Records": [{"eventSource": "aws:s3", "s3": {}}]},
            {"Records": [{"messageId": "m0", "body": "{}"}]},
            {name: value for name, value in bus(ORDER).items() if name != "time"},
        ],
        ids=["nothing", "null", "number", "topic", "bucket", "nobody", "bus without a time"],
    )
    def test_another_source_is_refused(
        self, store: TableStore, capsys: pytest.CaptureFixture[str], event: dict[str, Any]
    ) -> None:
        with pytest.raises(event_records.UnreadableMessage):
            order_events.handler(event, Context())
        assert figures(capsys.readouterr().out) == {"EventsRefused": 1}

    @pytest.mark.parametrize(
        "body",
        [
            *("", "null", "1", '"order"', "[" * 100_000, "[" * 900 + "]" * 900, json.dumps([ORDER]), "\ufeff{}"),
            json.dumps(ORDER).replace("1.1", "NaN"),
            json.dumps(ORDER).replace("1.1", "1e999"),
            json.dumps(json.dumps(ORDER)),
            json.dumps({**ORDER, "id": "R\ud800"}),
            json.dumps({**ORDER, "items": [MILK] * 1_001}),
            json.dumps({**ORDER, "items": [{**MILK, "quantity": True}]}),
            json.dumps({**ORDER, "orderDate": "0001-01-01T00:00:00+14:00"}),
            json.dumps(topic(topic(ORDER))),
            json.dumps({"Type": "SubscriptionConfirmation", "MessageId": "x", "Message": "confirm"}),
        ],
    )
    def test_poison_fails_alone(self, store: TableStore, body: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert order_events.handler(queue(ORDER, body), Context()) == failed("m1")
        assert rows(store) == {"##R-1#milk": 2}
        assert figures(capsys.readouterr().out) == {"EventsApplied": 1, "EventsRefused": 1}

    def test_a_stream_may_have_attributes_of_any_type(self, store: TableStore) -> None:
        event = stream(exact(ORDER))
        extra = {
            "a": {"B": "aGk="},
            "b": {"BS": ["aGk="]},
            "c": {"SS": ["x"]},
            "d": {"NS": ["1.5"]},
            "e": {"NULL": True},
        }
        event["Records"][0]["dynamodb"]["NewImage"] |= extra
        assert order_events.handler(event, Context()) == NONE
        assert rows(store) == {"##R-1#milk": 2}

    def test_a_deleted_item_says_nothing(self, store: TableStore) -> None:
        order_events.handler(queue(ORDER), Context())
        assert order_events.handler(stream(exact(ORDER), name="REMOVE"), Context()) == NONE
        assert rows(store) == {"##R-1#milk": 2}

    def test_an_empty_batch_is_answered(self, store: TableStore) -> None:
        assert order_events.handler({"Records": []}, Context()) == NONE

    def test_what_does_not_fit_into_the_time_comes_again(self, store: TableStore) -> None:
        assert order_events.handler(queue(ORDER), Context(remaining=1_999)) == failed("m0")
        assert rows(store) == {}

    @pytest.mark.parametrize(
        ("batch", "later"),
        [
            (queue("poison", ORDER, name="orders.fifo"), failed("m0", "m1")),
            (stream(None, exact(ORDER)), failed("4421584500000000017450439091", "4421584500000000017450439092")),
        ],
        ids=["fifo", "stream"],
    )
    def test_an_ordered_source_keeps_its_order(self, store: TableStore, batch: dict[str, Any], later: Any) -> None:
        assert order_events.handler(batch, Context()) == later
        assert rows(store) == {}

    def test_no_value_of_a_document_is_logged(
        self, store: TableStore, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secret = {
            **ORDER,
            "id": " secret-1",
            "customerId": "secret-2",
            "status": 7,
            "items": [{"productId": "secret-3\t"}],
        }
        order_events.handler(queue(secret, {**ORDER, "customerId": "secret-4", "id": "000"}), Context())
        printed = capsys.readouterr()
        assert "secret" not in caplog.text + printed.out + printed.err
        assert "refused: message m0" in caplog.text and "refused: message m1, id" in caplog.text


class TestPurchases:
    @pytest.mark.parametrize("event", [queue(LINE), queue(bus(LINE)), bus(LINE), stream(exact(LINE), name="INSERT")])
    def test_they_come_from_queues_buses_and_streams(self, store: TableStore, event: dict[str, Any]) -> None:
        assert purchase_events.handler(event, Context()) in ({}, NONE)
        (item,) = store.scan(PURCHASE_TABLE)
        assert (item["id"], item["quantity"], item["totalPrice"]) == ("2020-05-02##R-1#milk", 2, Decimal("2.20"))
        assert item["purchaseDate"] == "2020-05-02T10:00:05.000Z", "when the event happened"

    def test_a_second_delivery_does_not_undo_what_came_between(
        self, store: TableStore, capsys: pytest.CaptureFixture[str]
    ) -> None:
        purchase_events.handler(queue(LINE), Context())
        purchase_events.handler(queue({**LINE, "quantity": 5}, ids={0: "m7"}), Context())
        assert purchase_events.handler(queue(LINE), Context()) == NONE
        assert rows(store) == {"2020-05-02##R-1#milk": 5}
        purchase_events.handler(queue(LINE, ids={0: "m8"}), Context())
        assert rows(store) == {"2020-05-02##R-1#milk": 2}, "another message may correct it again"

    def test_a_purchase_is_of_a_time_that_can_be(self, store: TableStore) -> None:
        dates = ("1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
        assert purchase_events.handler(queue(*({**LINE, "purchaseDate": date} for date in dates)), Context()) == failed(
            "m0", "m1"
        )

    def test_a_refused_one_is_not_remembered_and_no_customer_is_stored_beside(self, store: TableStore) -> None:
        bad = queue({**LINE, "unitPrice": -1}, {**LINE, "customerId": None}, {**LINE, "channel": "app"}, LINE)
        for _ in range(2):
            assert purchase_events.handler(bad, Context()) == failed("m0", "m1", "m2")
        table = f"omnix-ai-idempotency-{store.stage}"  # type: ignore[attr-defined]
        kept = purchase_events.client().scan(TableName=table)["Items"]
        assert [item["status"]["S"] for item in kept] == ["COMPLETED"]
        assert "zoe" not in str(kept)

    def test_a_store_that_fails_leaves_the_message_to_the_next_delivery(
        self, store: TableStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def unavailable(message: event_records.Message) -> str:
            raise UnavailableError("no")

        with monkeypatch.context() as patch:
            patch.setattr(purchase_events, "_add", unavailable)
            assert purchase_events.handler(queue(LINE), Context()) == failed("m0")
        assert figures(capsys.readouterr().out) == {"EventsFailed": 1}
        assert purchase_events.handler(queue(LINE), Context()) == NONE
        assert len(rows(store)) == 1


class TestForgottenCustomers:
    @pytest.mark.parametrize("handler", [order_events.handler, purchase_events.handler])
    def test_late_events_are_taken_and_nothing_is_stored(self, store: TableStore, handler: Any) -> None:
        StoreTombstones(store).bury("zoe", key=b"k" * 32, now=present())
        document = ORDER if handler is order_events.handler else LINE
        assert handler(queue(document), Context()) == NONE, "it must not come again, nor end as a dead letter"
        assert list(store.scan(PURCHASE_TABLE)) == list(store.scan("order-states")) == []
        assert handler(queue({**document, "customerId": "anna"}, ids={0: "m2"}), Context()) == NONE
        assert {item["customerId"] for item in store.scan(PURCHASE_TABLE)} == {"anna"}
