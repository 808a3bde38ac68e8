"""The small files of a workspace that may name a customer: records of runs, of imports and of copies, findings, logs.

A customer's name in them is replaced; nothing else in them is about one customer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.workspace.files import rewrite_lines
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.forgotten import FILE as TOMBSTONES
from omnix_cli.stores.workspace.sealed_json import SEAL, sealed

_RECORDS = (".json", ".json.damaged")
"""The ends of names of files that omnix writes. Of any other, it does not know what would be lost."""
_NO_RECORDS = {TOMBSTONES, "lock"}


@dataclass(frozen=True)
class WorkspaceRecords:
    """Implements `kept_places.Place` for the JSON files in a folder, of the workspace or shared on S3."""

    folder: Folder
    name: str = "records"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for path in self._paths():
            if (content := _parsed(self.folder.read(path))) is not None:
                yield from (Piece(path, part) for part in _parts(content) if _names(part, path, traces))

    def erase(self, traces: Traces) -> int:
        erased = 0
        for path in self._paths():
            content = self.folder.read(path)
            parsed = _parsed(content)
            if parsed is None:
                text = _text(content)
                if traces.is_distinctive and traces.is_in(text):
                    self.folder.write(path, traces.redacted(text).encode("utf-8", "surrogateescape"))
                    erased += 1
            elif count := sum(_names(part, path, traces) for part in _parts(parsed)):
                self.folder.write(path, _written(_cleared(parsed, path, traces), content))
                erased += count
        return erased

    def _paths(self) -> Iterator[str]:
        for path in self.folder.files_below():
            name = path.rpartition("/")[2]
            if name.endswith(_RECORDS) and name not in _NO_RECORDS:
                yield path


@dataclass(frozen=True)
class LogFiles:
    """Implements `kept_places.Place` for the log files of this machine."""

    folder: Path
    name: str = "logs"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for path in self._paths():
            with path.open("rb") as lines:
                for line in lines:
                    if _cleared_line(line, traces) != line:
                        yield Piece(f"logs/{path.name}", _text(line).rstrip("\n"))

    def erase(self, traces: Traces) -> int:
        return sum(rewrite_lines(path, lambda line: _cleared_line(line, traces)) for path in self._paths())

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*") if path.is_file())


def _cleared_line(line: bytes, traces: Traces) -> bytes:
    event = _parsed(line)
    if not isinstance(event, dict):
        return traces.redacted(_text(line)).encode("utf-8", "surrogateescape")
    if not traces.in_value(_told(event)):
        return line
    return json.dumps({**event, **traces.cleared(_told(event))}).encode() + b"\n"


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _told(event: dict[str, Any]) -> dict[str, Any]:
    """What an event of the log says, as sentences."""
    return {name: value for name, value in event.items() if name not in ("time", "level")}


def _names(part: Any, path: str, traces: Traces) -> bool:
    return traces.in_value(part) or _is_reached(part, path, traces)


def _is_reached(part: Any, path: str, traces: Traces) -> bool:
    """Whether a copy of a table has come as far as an item of the customer."""
    after = part.get("after") if path.startswith("migrations/") and isinstance(part, dict) else None
    return isinstance(after, str) and (after == traces.customer or traces.is_value(after, "after"))


def _cleared(content: Any, path: str, traces: Traces) -> Any:
    """A file without the customer, sealed where it was. A copy that had come to an item of the customer begins its
    segment again: it compares what it has copied."""
    if isinstance(content, list):
        return [_cleared(part, path, traces) for part in content]
    if not isinstance(content, dict):
        return traces.cleared(content)
    fields = {name: value for name, value in content.items() if name != SEAL}
    if _is_reached(fields, path, traces):
        fields["after"] = None
    fields = traces.cleared(fields)
    return sealed(fields) if SEAL in content else fields


def _written(content: Any, before: bytes) -> bytes:
    is_sealed_object = isinstance(content, dict) and SEAL in content
    return json.dumps(content, indent=1, ensure_ascii=not is_sealed_object).encode() + before[len(before.rstrip()) :]


def _parts(content: Any) -> Iterable[Any]:
    """What counts as one piece of a file: the elements of a list, or the whole."""
    return content if isinstance(content, list) else (content,)


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
