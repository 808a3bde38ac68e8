from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from omnix_cli.serving.lambda_handlers.event_records import UnreadableMessage, emitted, queued, streamed

NOON = datetime(2018, 1, 15, 12, tzinfo=UTC)
EVENT = {"id": "e-1", "detail-type": "order", "detail": {"id": "R-1"}, "time": "2018-01-15T12:00:00Z"}


def in_queue(body: Any, **record: Any) -> dict[str, Any]:
    sent = {"SentTimestamp": str(int(NOON.timestamp() * 1_000))}
    return {"messageId": "m-1", "body": json.dumps(body), "attributes": sent, **record}


def test_a_document_in_a_queue_is_known_by_its_message() -> None:
    message = queued(in_queue({"id": "R-1", "total": 1.10}))
    assert (message.key, message.document["id"], message.sent_at, message.queued_at) == ("sqs#m-1", "R-1", None, NOON)


def test_an_event_is_known_by_its_own_id_wherever_it_comes_from() -> None:
    notification = {"Type": "Notification", "MessageId": "n-1", "Message": json.dumps(EVENT)}
    for message in (emitted(EVENT), queued(in_queue(EVENT)), queued(in_queue(notification))):
        assert (message.key, message.document, message.sent_at) == ("event#e-1", {"id": "R-1"}, NOON)


def test_a_stream_has_new_images_and_deletions() -> None:
    change = {"ApproximateCreationDateTime": NOON.timestamp(), "NewImage": {"id": {"S": "R-1"}, "n": {"N": "2"}}}
    record = {"eventID": "s-1", "eventName": "MODIFY", "dynamodb": change}
    message = streamed(record)
    assert message is not None
    assert (message.key, message.document, message.sent_at) == ("stream#s-1", {"id": "R-1", "n": 2}, NOON)
    assert streamed(record | {"eventName": "REMOVE"}) is None


@pytest.mark.parametrize(
    "record",
    [
        in_queue({}, messageId=""),
        in_queue({}, attributes={}),
        in_queue({}) | {"body": "{"},
        in_queue({}) | {"body": None},
    ],
)
def test_what_no_queue_sends_is_unreadable(record: dict[str, Any]) -> None:
    with pytest.raises(UnreadableMessage):
        queued(record)
    with pytest.raises(UnreadableMessage):
        streamed(record)
    with pytest.raises(UnreadableMessage):
        emitted(record)
