"""Items that DynamoDB rejected."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from omnix_cli.stores.dynamodb.wire import encoded
from omnix_cli.stores.dynamodb.writing.bulk_writer import DeadLetter, put_request
from omnix_cli.stores.dynamodb.writing.dead_letters import keep_dead_letters


def test_they_are_added_to_the_file_of_the_day(tmp_path: Path) -> None:
    for key in ("milk", "tea"):
        letter = DeadLetter("omnix-ai-products-dev", *put_request(key, encoded({"id": key})), "too large")
        path = keep_dead_letters(tmp_path / "dead_letters", [letter], datetime(2026, 3, 1, tzinfo=UTC))
    lines = [orjson.loads(line) for line in Path(path).read_bytes().splitlines()]
    assert Path(path).name == "2026-03-01.ndjson"
    assert [(line["key"], line["reason"]) for line in lines] == [("milk", "too large"), ("tea", "too large")]
    assert lines[0]["request"] == {"PutRequest": {"Item": {"id": {"S": "milk"}}}}
