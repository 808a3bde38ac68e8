"""Items that DynamoDB rejected, kept as lines of JSON for somebody to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from omnix_cli.stores.dynamodb.writing.bulk_writer import DeadLetter
from omnix_cli.stores.workspace.files import disk_errors


def keep_dead_letters(folder: Path, letters: Sequence[DeadLetter], now: datetime) -> str:
    """Appends the requests with table, key and reason to the file of the day, flushes it, and returns its path."""
    path = folder / f"{now:%Y-%m-%d}.ndjson"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            for letter in letters:
                line = {"table": letter.table, "key": letter.key, "reason": letter.reason}
                file.write(orjson.dumps({**line, "request": orjson.Fragment(letter.request)}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return str(path)
