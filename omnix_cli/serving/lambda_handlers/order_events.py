"""Order events: each document becomes the purchases of its order (see `services.customers.order_states`).

Every delivery is applied, also a repeated one: it changes nothing, or completes what an earlier one began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.errors import InvalidRecord
from omnix_cli.serving.lambda_handlers.container import before_snapshot, customer_side
from omnix_cli.serving.lambda_handlers.deliveries import deliver
from omnix_cli.serving.lambda_handlers.event_records import Message


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Applies order documents from SQS, EventBridge or a DynamoDB stream."""
    return deliver(event, context, _apply, service="order-events")


def _apply(message: Message) -> None:
    from omnix_cli.services.customers.order_states import OrderEvent

    (applied,) = customer_side().apply_orders([OrderEvent(message.document, message.sent_at)])
    if applied.status == "refused":
        field = str(applied.reason).partition(":")[0]
        raise InvalidRecord("the order was refused", problems=((field, ""),))


before_snapshot(customer_side)
