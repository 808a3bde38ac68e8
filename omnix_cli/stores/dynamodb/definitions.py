"""The tables of `stores.tables` as requests to DynamoDB, and its descriptions of tables as shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from omnix_cli.settings import TableSettings
from omnix_cli.stores.tables.shapes import READY, IndexShape, TableShape, Warmth, lacking_warmth
from omnix_cli.stores.tables.specs import IndexSpec, TableSpec

ON_DEMAND = "PAY_PER_REQUEST"
_TYPES = {"S": "text", "N": "number", "B": "binary"}
_EXPIRING = ("ENABLED", "ENABLING")
_WARMTH = ("ReadUnitsPerSecond", "WriteUnitsPerSecond")


class Addition(NamedTuple):
    """A request that creates what a table lacks."""

    what: str
    operation: str
    request: dict[str, Any]


def is_ours(spec: TableSpec, options: TableSettings) -> bool:
    """Whether omnix creates and drops the table."""
    return options.own_products or spec.name != "products"


def wanted_shape(spec: TableSpec, options: TableSettings) -> TableShape:
    """The table as it should be. For a table of another service, only the key and the indexes matter."""
    ours = is_ours(spec, options)
    asked = _asked(options)
    warm = asked if ours and any(asked) else None
    return TableShape(
        key=(f"{spec.key} text",),
        indexes={
            index.name: IndexShape(tuple(f"{name} text" for name in index.attributes), warm=warm)
            for index in spec.indexes
        },
        expiry=spec.ttl if spec.name in options.expiring else None,
        billing=ON_DEMAND if ours else None,
        recovery=options.point_in_time_recovery if ours else None,
        protection=options.deletion_protection if ours else None,
        warm=warm,
    )


def found_shape(description: Mapping[str, Any], expiry: Mapping[str, Any], backups: Mapping[str, Any]) -> TableShape:
    """The table as it is, from the answers to DescribeTable, DescribeTimeToLive and DescribeContinuousBackups."""
    types = {one["AttributeName"]: _TYPES[one["AttributeType"]] for one in description["AttributeDefinitions"]}
    time_to_live = expiry.get("TimeToLiveDescription", {})
    recovery = backups.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
    return TableShape(
        key=_attributes(description["KeySchema"], types),
        indexes={
            index["IndexName"]: IndexShape(
                _attributes(index["KeySchema"], types),
                index["Projection"]["ProjectionType"],
                index.get("IndexStatus", READY),
                _warmth_of(index),
            )
            for index in description.get("GlobalSecondaryIndexes", ())
        },
        expiry=time_to_live.get("AttributeName") if time_to_live.get("TimeToLiveStatus") in _EXPIRING else None,
        status=description["TableStatus"],
        billing=description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        recovery=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        protection=bool(description.get("DeletionProtectionEnabled")),
        warm=_warmth_of(description),
    )


def creation(spec: TableSpec, full_name: str, options: TableSettings) -> Addition:
    """Creates an on-demand table with its key and all its indexes; every attribute is projected."""
    request: dict[str, Any] = {
        "TableName": full_name,
        "BillingMode": ON_DEMAND,
        "AttributeDefinitions": _definitions(dict.fromkeys((spec.key, *spec.index_attributes), _TYPES["S"])),
        "KeySchema": [{"AttributeName": spec.key, "KeyType": "HASH"}],
        "DeletionProtectionEnabled": options.deletion_protection,
        **_warmth(_asked(options)),
    }
    if spec.indexes:
        request["GlobalSecondaryIndexes"] = [_index(index, options) for index in spec.indexes]
    return Addition("table", "CreateTable", request)


def after_creation(spec: TableSpec, options: TableSettings) -> Iterator[Addition]:
    """What a table that was just created still lacks: it cannot be created with it."""
    created = replace(wanted_shape(spec, options), expiry=None, recovery=None)
    return additions(spec, "", options, created)


def additions(spec: TableSpec, full_name: str, options: TableSettings, found: TableShape) -> Iterator[Addition]:
    """The requests that complete an existing table, in this order; none of them removes anything."""
    wanted = wanted_shape(spec, options)
    table = {"TableName": full_name}
    keys = (found.key, *(index.attributes for index in found.indexes.values()))
    types = dict(attribute.rsplit(" ", 1) for key in keys for attribute in key)
    for index in spec.indexes:
        if index.name not in found.indexes:
            creating = {"GlobalSecondaryIndexUpdates": [{"Create": _index(index, options)}]}
            types |= dict.fromkeys(index.attributes, _TYPES["S"])
            definitions = {"AttributeDefinitions": _definitions(types)}
            yield Addition(f"index {index.name}", "UpdateTable", {**table, **definitions, **creating})
        elif lacking := lacking_warmth(wanted.indexes[index.name].warm, found.indexes[index.name].warm):
            raising = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": index.name, **_warmth(lacking)}}]}
            yield Addition(f"warm throughput of index {index.name}", "UpdateTable", {**table, **raising})
    if lacking := lacking_warmth(wanted.warm, found.warm):
        yield Addition("warm throughput", "UpdateTable", {**table, **_warmth(lacking)})
    if wanted.protection and not found.protection:
        yield Addition("deletion protection", "UpdateTable", {**table, "DeletionProtectionEnabled": True})
    if wanted.expiry and not found.expiry:
        turned_on = {"TimeToLiveSpecification": {"AttributeName": wanted.expiry, "Enabled": True}}
        yield Addition("expiry", "UpdateTimeToLive", {**table, **turned_on})
    if wanted.recovery and not found.recovery:
        turned_on = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
        yield Addition("point-in-time recovery", "UpdateContinuousBackups", {**table, **turned_on})


def _attributes(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> tuple[str, ...]:
    ordered = sorted(schema, key=lambda part: part["KeyType"])  # HASH before RANGE
    return tuple(f"{part['AttributeName']} {types[part['AttributeName']]}" for part in ordered)


def _definitions(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    """The attributes of all keys with their types. DynamoDB keeps those it knows; an emulator may forget what is not
    sent again."""
    tags = {name: tag for tag, name in _TYPES.items()}
    return [{"AttributeName": name, "AttributeType": tags[kind]} for name, kind in attributes.items()]


def _index(index: IndexSpec, options: TableSettings) -> dict[str, Any]:
    kinds = zip(index.attributes, ("HASH", "RANGE"), strict=False)
    return {
        "IndexName": index.name,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
        "Projection": {"ProjectionType": "ALL"},
        **_warmth(_asked(options)),
    }


def _asked(options: TableSettings) -> Warmth:
    return options.warm_read_units or 0, options.warm_write_units or 0


def _warmth(units: Warmth) -> dict[str, Any]:
    """The part of a request that asks for so many reads and writes a second; for none if both are 0."""
    given = {name: value for name, value in zip(_WARMTH, units, strict=True) if value}
    return {"WarmThroughput": given} if given else {}


def _warmth_of(part: Mapping[str, Any]) -> Warmth | None:
    """The warm throughput of a table or an index; None if the answer does not say."""
    if not (warm := part.get("WarmThroughput")):
        return None
    reads, writes = (int(warm.get(name, 0)) for name in _WARMTH)
    return reads, writes
