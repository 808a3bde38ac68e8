"""A table that answers scans from memory, in small pages, and can be made to fail."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.transports import Request
from omnix_cli.stores.dynamodb.wire import to_wire


class PagedTable:
    """Implements `transports.Transport`. `failures` are raised one a request until they are used up; None lets a
    request pass."""

    def __init__(self, items: Sequence[Mapping[str, Any]], *, key: str = "id", page_items: int = 3) -> None:
        self.items = sorted(map(dict, items), key=lambda item: item[key])
        self.key = key
        self.page_items = page_items
        self.table_id = "first"
        self.failures: Iterator[ServiceError | None] = iter(())
        self.starts: list[tuple[int, str | None]] = []
        """Segment and start key of every page that was given out."""

    def __call__(self, operation: str, request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(self.raw(operation, request))
        return answer

    def raw(self, operation: str, request: Request) -> bytes:
        if operation == "DescribeTable":
            return orjson.dumps({"Table": {"TableArn": "arn", "TableId": self.table_id}})
        assert operation == "Scan" and isinstance(request, Mapping)
        failure = next(self.failures, None)
        if failure is not None:
            raise failure
        segment = request["Segment"]
        start = request.get("ExclusiveStartKey", {self.key: {"S": ""}})[self.key]["S"]
        self.starts.append((segment, start or None))
        rest = [
            item
            for item in self.items
            if zlib.crc32(item[self.key].encode()) % request["TotalSegments"] == segment and item[self.key] > start
        ]
        page = rest[: self.page_items]
        answer: dict[str, Any] = {
            "Count": len(page),
            "Items": [to_wire(item) for item in page],
            "ConsumedCapacity": {"TableName": request["TableName"], "CapacityUnits": 128.0},
        }
        if len(rest) > len(page):
            answer["LastEvaluatedKey"] = to_wire({self.key: page[-1][self.key]})
        return orjson.dumps(answer)

    def close(self) -> None:
        pass
