"""Purchase events: each document is one order line of a customer, as `omnix purchases add` takes it, with `customerId`.

A purchase says nothing of when it was changed, so a repeated delivery must not undo what came since: a table remembers
the messages that were applied (powertools' idempotency, `<prefix>-idempotency-<stage>`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.serving.lambda_handlers.container import before_snapshot, customer_side, settings
from omnix_cli.serving.lambda_handlers.deliveries import deliver
from omnix_cli.serving.lambda_handlers.event_records import Message

TABLE = "idempotency"
REMEMBERED = timedelta(days=15)
"""How long a message is remembered: longer than any queue keeps one (14 days)."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Adds purchases from SQS, EventBridge or a DynamoDB stream."""

    def apply(message: Message) -> None:
        add, config = _once()
        config.register_lambda_context(context)  # else a killed function holds its messages until they are forgotten
        add(once={"key": message.key, "message": message})

    return deliver(event, context, apply, service="purchase-events")


@cache
def client() -> Any:
    """The connection to the table of messages."""
    import boto3

    store = settings().store
    return boto3.client("dynamodb", region_name=store.region, endpoint_url=store.endpoint_url)


@cache
def _once() -> tuple[Callable[..., Mapping[str, str]], Any]:
    """What adds the purchase of a message unless that was done before, and its configuration."""
    from aws_lambda_powertools.utilities.idempotency import (
        DynamoDBPersistenceLayer,
        IdempotencyConfig,
        idempotent_function,
    )

    store = settings().store
    name = f"{store.prefix}-{TABLE}-{store.stage}"
    layer = DynamoDBPersistenceLayer(table_name=name, key_attr="id", expiry_attr="ttl", boto3_client=client())
    config = IdempotencyConfig(
        event_key_jmespath="key",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=int(REMEMBERED.total_seconds()),
        hash_function="sha256",
    )

    def add(once: dict[str, Any]) -> dict[str, str]:  # what it returns is stored: no personal data
        return {"status": _add(once["message"])}

    return idempotent_function(add, data_keyword_argument="once", persistence_store=layer, config=config), config


def _add(message: Message) -> str:
    from omnix_cli.json_records.customer_records import PurchaseOf, parsed

    purchase = parsed(PurchaseOf, message.document)
    line = {name: value for name, value in message.document.items() if name != "customerId"}
    moment = message.sent_at or message.queued_at
    if purchase.purchase_date is None and moment is not None:
        line["purchaseDate"] = moment.isoformat()
    (added,) = customer_side().add_purchases(purchase.customer_id, [line])
    if added.error:
        raise added.error
    return added.status


before_snapshot(customer_side, _once)
