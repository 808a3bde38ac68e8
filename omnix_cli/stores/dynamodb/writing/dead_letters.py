"""Items that a store refused, kept as lines of JSON until somebody has looked at them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from omnix_cli.stores.dynamodb.writing.bulk_writer import DeadLetter
from omnix_cli.stores.workspace.files import disk_errors


def set_aside(folder: Path, letters: Sequence[DeadLetter], now: datetime) -> str:
    """Adds the requests, with table, key and reason, to the file of the day, flushed to disk; returns its path."""
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
