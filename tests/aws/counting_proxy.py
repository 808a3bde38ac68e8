"""A proxy in front of an emulator of DynamoDB that counts capacity as AWS documents it; emulators count less.

Sources, in the DynamoDB developer guide:

- "DynamoDB item sizes and formats": names and values in bytes; a number takes a byte for two significant digits and one
  more, a null or a Boolean one, a list or a map three and one for each element.
- "DynamoDB read and write operations": a write counts the larger of the item before and after, rounded up to 1 KB; a
  deletion the item that was there, at least one unit; a consistent read 4 KB for each item, also for one that is not
  there; a scan half of that, for the sum of a page.
- "Global Secondary Indexes", "Provisioned throughput considerations": an item that enters, leaves or stays in an index
  is one write there, one whose key changes is two.

It knows items by asking the emulator, and shares no code with omnix."""

from __future__ import annotations

import base64
import http.client
import json
import re
import threading
import time
from typing import Any

from tests.aws.fault_proxy import FaultProxy

Item = dict[str, Any]


class CountingProxy(FaultProxy):
    """Spoils nothing. `writes` has the time and the units of every write, `read_units` what reading took."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream, share=0.0)
        self.writes: list[tuple[float, int]] = []
        self.read_units = 0.0
        self._indexes: dict[str, list[list[str]]] = {}
        self._keys: dict[str, str] = {}
        self._counting = threading.Lock()

    @property
    def write_units(self) -> int:
        return sum(units for _, units in self.writes)

    def most_in(self, seconds: float) -> int:
        """The most units that were written within so many seconds."""
        return max(sum(more for then, more in self.writes if at <= then < at + seconds) for at, _ in self.writes)

    def fault(self, operation: str, body: bytes) -> None:
        self.counts[operation] += 1
        request = json.loads(body)
        if (count := getattr(self, f"_{operation}", None)) is not None:
            with self._counting:
                count(request)

    def _BatchWriteItem(self, request: Item) -> None:
        for table, requests in request["RequestItems"].items():
            units = 0
            for one in requests:
                after = one["PutRequest"]["Item"] if "PutRequest" in one else None
                units += self._written(table, after or one["DeleteRequest"]["Key"], after)
            self.writes.append((time.monotonic(), units))

    def _PutItem(self, request: Item) -> None:
        units = self._written(request["TableName"], request["Item"], request["Item"])
        self.writes.append((time.monotonic(), units))

    def _UpdateItem(self, request: Item) -> None:
        before = self._item(request["TableName"], request["Key"])
        after = None
        if before is not None:
            names, values = request["ExpressionAttributeNames"], request.get("ExpressionAttributeValues", {})
            pairs = re.findall(r"(#\w+) = (:\w+)", request.get("UpdateExpression", ""))
            after = before | {names[name]: values[value] for name, value in pairs}
        self.writes.append((time.monotonic(), self._written(request["TableName"], request["Key"], after)))

    def _BatchGetItem(self, request: Item) -> None:
        for table, keys in request["RequestItems"].items():
            assert keys["ConsistentRead"] is True
            found = (self._item(table, key) for key in keys["Keys"])
            self.read_units += sum(max(1, -(-item_bytes(item or {}) // 4096)) for item in found)

    def _Scan(self, request: Item) -> None:
        whole = {name: value for name, value in request.items() if name not in _PARTS}
        items = self._ask("Scan", whole)["Items"]
        self.read_units += -(-sum(map(item_bytes, items)) // 4096) / 2

    def _written(self, table: str, key: Item, after: Item | None) -> int:
        self._look_at(table)
        before = self._item(table, {self._keys[table]: key[self._keys[table]]})
        old, new = (0 if item is None else -(-item_bytes(item) // 1024) for item in (before, after))
        units = max(old, new, 1)
        for names in self._indexes[table]:
            place, new_place = (_place(names, item) for item in (before, after))
            if place == new_place:
                units += max(old, new) if place else 0
            else:
                units += (old if place else 0) + (new if new_place else 0)
        return units

    def _look_at(self, table: str) -> None:
        if table not in self._keys:
            found = self._ask("DescribeTable", {"TableName": table})["Table"]
            (self._keys[table],) = (part["AttributeName"] for part in found["KeySchema"])
            indexes = found.get("GlobalSecondaryIndexes", ())
            self._indexes[table] = [[part["AttributeName"] for part in one["KeySchema"]] for one in indexes]

    def _item(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._ask("GetItem", {"TableName": table, "Key": key}).get("Item")
        return found

    def _ask(self, operation: str, request: Item) -> Item:
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        }
        connection.request("POST", "/", json.dumps(request), headers)
        answer: Item = json.loads(connection.getresponse().read())
        connection.close()
        return answer


_PARTS = ("ProjectionExpression", "ExpressionAttributeNames", "ReturnConsumedCapacity")


def item_bytes(item: Item) -> int:
    """The size of an item in DynamoDB's JSON."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(tagged: Item) -> int:
    ((tag, value),) = tagged.items()
    if tag in ("SS", "NS", "BS"):
        return sum(_value_bytes({tag[0]: one}) for one in value)
    if tag == "L":
        return 3 + sum(1 + _value_bytes(one) for one in value)
    if tag == "M":
        return 3 + len(value) + item_bytes(value)
    if tag == "N":
        digits = re.sub(r"[eE].*", "", value).replace("-", "").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1
    return {"S": lambda: len(value.encode()), "B": lambda: len(base64.b64decode(value))}.get(tag, lambda: 1)()


def _place(names: list[str], item: Item | None) -> list[Any]:
    return [item[name] for name in names] if item is not None and all(name in item for name in names) else []
