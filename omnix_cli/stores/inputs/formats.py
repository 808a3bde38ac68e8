"""The formats of input files: how each is recognised, and the module that reads it, loaded when it is needed.

A new format is one module with a function `rows` and one line in FORMATS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import RawChunk


@dataclass(frozen=True)
class InputFile:
    """A file as the reader of its format gets it. `content` is a seekable file of a binary format, otherwise
    `line_blocks.LineBlocks`."""

    name: str
    format: str
    content: Any
    mapping: ColumnMapping
    now: datetime | None = None
    findings: dict[str, str] = field(default_factory=dict)
    """What the reader detects, such as the separator."""


@dataclass(frozen=True)
class Format:
    """A format, which its files are recognised by: they begin with `begins`, after white space if it is a text."""

    name: str
    module: str
    begins: re.Pattern[bytes]
    is_binary: bool = False
    but_not: tuple[str, ...] = ()
    """Suffixes of file names that rule the format out."""

    def open(self, file: InputFile) -> Iterable[RawChunk]:
        """The rows of a file of this format."""
        rows: Iterable[RawChunk] = import_module(f"omnix_cli.stores.inputs.{self.module}").rows(file)
        return rows


_VALUE = rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"(?:S|N|B|BOOL|NULL|M|L|SS|NS|BS)"\s*:'
_FULL = re.compile(rb'\{\s*"Item"\s*:' + _VALUE)
_INCREMENTAL = re.compile(
    rb'\{\s*(?:"Metadata"\s*:\s*\{\s*"WriteTimestampMicros"|"(?:Keys|NewImage|OldImage)"\s*:' + _VALUE + rb")"
)

FORMATS = (
    Format("Parquet", "parquet.parquet_rows", re.compile(rb"PAR[1E]"), is_binary=True),
    Format("DynamoDB export", "dynamodb.exports", _FULL),
    Format("DynamoDB incremental export", "dynamodb.exports", _INCREMENTAL),
    Format("NDJSON", "json.json_rows", re.compile(rb"\x1e?\s*(?:null\s+)*\{"), but_not=(".csv",)),
    Format("JSON", "json.json_rows", re.compile(rb"\["), but_not=(".csv",)),
    Format("CSV", "delimited.rows", re.compile(rb"")),
)
"""In this order; the first that fits is used."""

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet")
"""The files of a folder that are read, also with one of COMPRESSIONS appended."""

COMPRESSIONS = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
CONTAINERS = (".zip", ".xlsx", ".xlsm")
"""Files of a folder that hold inputs."""


def recognised(name: str, beginning: bytes, *, is_binary: bool) -> Format | None:
    """The binary or text format of a file."""
    formats = (one for one in FORMATS if one.is_binary is is_binary and not name.lower().endswith(one.but_not))
    return next((one for one in formats if one.begins.match(beginning)), None)
