"""A delivery of messages: each is applied alone, and those that failed are named, so that only they come again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.errors import InvalidRecord
from omnix_cli.serving.lambda_handlers.event_records import Message, UnreadableMessage, emitted, queued, streamed

NAMESPACE = "omnix"
APPLIED, REFUSED, FAILED = "EventsApplied", "EventsRefused", "EventsFailed"
"""The metrics: events that were applied, that are wrong themselves, and that may be applied later."""
RESERVE_MILLISECONDS = 2_000
"""The time that must be left to begin another message."""
_SOURCES: dict[str, tuple[EventType, Callable[[Mapping[str, Any]], Message | None]]] = {
    "aws:sqs": (EventType.SQS, queued),
    "aws:dynamodb": (EventType.DynamoDBStreams, streamed),
}
_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


class NotYet(Exception):
    """The message was not tried: the function must end, or an earlier message of an ordered source failed."""


def deliver(
    event: Mapping[str, Any], context: LambdaContext, apply: Callable[[Message], object], *, service: str
) -> dict[str, Any]:
    """Applies each message of an event of Lambda: a batch of SQS or of a DynamoDB stream, or one event of EventBridge.

    The answer to a batch names the messages that failed, also if all did. After the last attempt the source puts them
    into its dead-letter queue. A single event that fails raises its error, for Lambda to do the same. A stream and a
    queue that is FIFO keep their order: after a message that failed, none is tried."""
    if event.get("Records") == []:
        return {"batchItemFailures": []}
    metrics = Metrics(namespace=NAMESPACE, service=service)

    is_ordered, failures = _is_ordered(event), 0

    def counted(name: str, read: Callable[[], Message | None]) -> None:
        nonlocal failures
        if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS or (is_ordered and failures):
            raise NotYet(name)
        try:
            message = read()
            if message is not None:
                apply(message)
        except Exception as error:
            failures += 1
            is_wrong = isinstance(error, InvalidRecord | UnreadableMessage)
            metrics.add_metric(REFUSED if is_wrong else FAILED, MetricUnit.Count, 1)
            _log.error("%s: message %s, %s", "refused" if is_wrong else "failed", name, _wrong(error))
            raise
        metrics.add_metric(APPLIED, MetricUnit.Count, 1)

    try:
        return _each(event, context, counted)
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def _first(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first record of a batch; empty for a single event."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else {}
    return first if isinstance(first, Mapping) else {}


def _is_ordered(event: Mapping[str, Any]) -> bool:
    first = _first(event)
    return first.get("eventSource") == "aws:dynamodb" or str(first.get("eventSourceARN")).endswith(".fifo")


def _unknown() -> Message | None:
    raise UnreadableMessage("neither an event of EventBridge nor a batch of SQS or of a DynamoDB stream")


def _each(
    event: Mapping[str, Any], context: LambdaContext, counted: Callable[[str, Callable[[], Message | None]], None]
) -> dict[str, Any]:
    source = _first(event).get("eventSource")
    if source not in _SOURCES:
        counted(str(event.get("id")), _unknown if "Records" in event else lambda: emitted(event))
        return {}
    kind, read = _SOURCES[source]

    def handle(record: Any) -> None:  # powertools wants this name
        raw = record.raw_event
        counted(raw.get("messageId") or raw.get("eventID", ""), lambda: read(raw))

    processor = BatchProcessor(event_type=kind, raise_on_entire_batch_failure=False)
    answer = process_partial_response(event=event, record_handler=handle, processor=processor, context=context)  # type: ignore[arg-type]
    return dict(answer)


def _wrong(error: Exception) -> str:
    """What is wrong, without any value of the document: it may be about a person."""
    if isinstance(error, InvalidRecord):
        return ", ".join(name for name, _ in error.problems) or "no object"
    return str(error) if isinstance(error, UnreadableMessage) else type(error).__name__
