"""The tables of `stores.tables` as DynamoDB's requests define them."""

from __future__ import annotations

from typing import Any

from omnix_cli.stores.tables import TableSpec


def create_request(spec: TableSpec, full_name: str) -> dict[str, Any]:
    """A table paid by request, its key and all its indexes, every attribute projected."""
    attributes = (spec.key, *spec.index_attributes)
    request: dict[str, Any] = {
        "TableName": full_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        "KeySchema": [{"AttributeName": spec.key, "KeyType": "HASH"}],
    }
    if spec.indexes:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": [
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(index.attributes, ("HASH", "RANGE"), strict=False)
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in spec.indexes
        ]
    return request


def expiry_request(spec: TableSpec, full_name: str) -> dict[str, Any]:
    """Has DynamoDB delete items some time after the epoch second in their expiry attribute."""
    return {
        "TableName": full_name,
        "TimeToLiveSpecification": {"AttributeName": spec.ttl, "Enabled": True},
    }
