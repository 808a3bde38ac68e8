"""What a record of a queue, a bus or a stream says: the document, and how to know it again.

Sources: the AWS Lambda developer guide (events of Amazon SQS and of DynamoDB streams), the EventBridge user guide ("AWS
service event metadata"), the SNS developer guide ("Amazon SNS message formats")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from omnix_cli.json_records import exact_json
from omnix_cli.stores.dynamodb.wire import from_wire


class UnreadableMessage(Exception):
    """A record that is not what its source sends, or whose body is no JSON. Another delivery would not help."""


@dataclass(frozen=True)
class Message:
    """`key` is the same whenever the message is delivered. `sent_at` is when the event happened, as the event itself
    says; `queued_at` when a queue received it, which a sender that repeats itself makes later."""

    key: str
    document: Any
    sent_at: datetime | None = None
    queued_at: datetime | None = None


def queued(record: Mapping[str, Any]) -> Message:
    """A record of SQS. Its body is the document, or an event of EventBridge or a notification of SNS around it."""
    try:
        body = exact_json.loads(record["body"])
        queued_at = datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1_000, UTC)
        if _is_event(body):
            message = emitted(body)
        elif isinstance(body, dict) and body.get("Type") == "Notification" and isinstance(body.get("Message"), str):
            inner = exact_json.loads(body["Message"])
            message = emitted(inner) if _is_event(inner) else Message(_key("sns", body["MessageId"]), inner)
        else:
            message = Message(_key("sqs", record["messageId"]), body)
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        raise UnreadableMessage(type(error).__name__) from error
    return Message(message.key, message.document, message.sent_at, queued_at)


def emitted(event: Mapping[str, Any]) -> Message:
    """An event of EventBridge; its detail is the document."""
    try:
        sent_at = datetime.fromisoformat(event["time"])
        return Message(_key("event", event["id"]), event["detail"], sent_at if sent_at.tzinfo else None)
    except (LookupError, ValueError, TypeError) as error:
        raise UnreadableMessage(type(error).__name__) from error


def streamed(record: Mapping[str, Any]) -> Message | None:
    """A record of a DynamoDB stream; the new image is the document. None for an item that was deleted, which says
    nothing: a shop also deletes what it no longer needs."""
    try:
        if record["eventName"] == "REMOVE":
            return None
        change = record["dynamodb"]
        sent_at = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC)
        return Message(_key("stream", record["eventID"]), from_wire(change["NewImage"]), sent_at)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise UnreadableMessage(type(error).__name__) from error


def _is_event(body: Any) -> bool:
    return isinstance(body, dict) and "detail-type" in body and "detail" in body


def _key(source: str, name: Any) -> str:
    """Raises ValueError for a message without a name: two of them would be taken for one."""
    if not isinstance(name, str) or not name:
        raise ValueError("the message has no id")
    return f"{source}#{name}"
