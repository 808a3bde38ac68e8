"""Rows of JSON: objects a line, over several lines, one after the other, or in an array. Nested objects become columns;
of a list of items, each entry becomes a row."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import REQUIRED, ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.steps.imports.column_names import normalised
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.json.splitting import Document, DocumentSplitter
from omnix_cli.stores.inputs.json.values import UnreadableDocument, flattened, parsed
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame, count_sign

_REJECTED = b"\0"
"""Stands for a line that was rejected already."""

_USUAL = ("items", "lineitems", "lines", "orderlines", "orderitems", "positions", "products", "articles", "entries")
"""Usual names of the list of items, in lower case."""

_SHORT = 32 << 10
"""A first line up to this length is read as a line."""


def rows(file: InputFile) -> JsonRows:
    """The objects of a file."""
    is_array = file.format == "JSON"
    return JsonRows(file.content, file.name, file.mapping.items, _required(file.mapping), is_array=is_array)


def _required(mapping: ColumnMapping) -> list[str]:
    """The columns that every entry must have."""
    sources = [mapping.columns.get(name, name) for name in REQUIRED[mapping.kind] if name not in mapping.constants]
    names = [source if isinstance(source, str) else source[-1] for source in sources if isinstance(source, str | tuple)]
    return [name for name in names if name.startswith(f"{mapping.items}.")]


class _Parsed(NamedTuple):
    """A value with the number of its line, its text, and why it cannot be read."""

    line: int
    text: bytes
    value: Any
    reason: str | None = None


@dataclass
class JsonRows:
    """The rows of one file. `items` names the list in a document whose entries are rows; their columns are named
    `<items>.<field>`. A column that was in a chunk is in every later chunk, too.

    A row has the number of the line that its document begins in, or one more than the document before it on that line;
    documents of an array are counted."""

    blocks: LineBlocks
    name: str
    items: str | None
    required: Sequence[str] = ()
    """The columns of entries that are there even if all lists are empty."""
    _: KW_ONLY
    is_array: bool
    _columns: dict[str, None] = field(default_factory=dict)
    _last: int = 0
    _has_items: bool = False
    _lists: dict[str, None] = field(default_factory=dict)
    """The lists of objects in documents, as long as none has the list of items."""

    def __post_init__(self) -> None:
        self._splitter = DocumentSplitter(self.name, is_array=self.is_array)

    def __iter__(self) -> Iterator[RawChunk]:
        yield from self._chunks()
        meant = None if self._has_items else _meant(self._lists, self.items)
        if meant is not None:
            raise DataError(
                f"{self.name}: its documents have no list `{self.items}`",
                hint=f'Did you mean `{meant}`? Set `items = "{meant}"`, and name its columns `{meant}...`.',
            )

    def _chunks(self) -> Iterator[RawChunk]:
        beginning = self.blocks.beginning()
        if self.is_array or (len(beginning) > _SHORT and b"\n" not in beginning):
            self.blocks.cut_after = b"}"  # there need not be any lines
            yield from self._streamed()
        else:
            yield from self._by_lines()

    def _streamed(self) -> Iterator[RawChunk]:
        line = 1
        for block in self.blocks:
            yield self._chunk(map(self._parse, self._splitter.split(block, line, is_last=False)), [])
            line += count_sign(block, "\n")
        yield self._chunk(map(self._parse, self._splitter.split(b"", line, is_last=True)), [])

    def _by_lines(self) -> Iterator[RawChunk]:
        line = 1
        for first, _, utf8, rejected in self.blocks.texts():
            yield self._chunk(self._lines(utf8, first, {each.number for each in rejected}), rejected)
            line = first + count_sign(utf8, "\n")
        if self._splitter.rest:
            yield self._chunk(map(self._parse, self._splitter.split(b"", line, is_last=True)), [])

    def _lines(self, block: bytes, first: int, rejected: set[int]) -> Iterator[_Parsed]:
        """The values of whole lines, until one is not a value: then the rest is split."""
        lines = block.split(b"\n")
        for number in rejected:
            lines[number - first] = _REJECTED
        at = 0
        while not self._splitter.rest and at < len(lines):
            if (text := lines[at]).strip() and text != _REJECTED:
                found = self._parse(Document(first + at, text))
                if found.reason is not None:
                    break
                yield found
            at += 1
        if at < len(lines):
            yield from map(self._parse, self._splitter.split(b"\n".join(lines[at:]), first + at, is_last=False))

    def _parse(self, document: Document) -> _Parsed:
        line, text, is_cut = document
        if is_cut:
            return _Parsed(line, text, None, "not JSON: the file ends inside it")
        try:
            if self.blocks.encoding not in (None, "utf-8") and self.blocks.cut_after == b"}":
                text = text.decode(self.blocks.encoding).encode()
            return _Parsed(line, text, parsed(text))
        except UnreadableDocument as error:
            return _Parsed(line, text, None, str(error))

    def _chunk(self, documents: Iterable[_Parsed], rejected: list[RejectedLine]) -> RawChunk:
        rows: list[dict[str, str | None]] = []
        numbers: list[int] = []
        items: list[int] = []
        for line, text, value, reason in documents:
            if text == _REJECTED:
                continue
            self._last = number = self._last + 1 if self.is_array else max(line, self._last + 1)
            try:
                if reason is not None:
                    raise UnreadableDocument(reason)
                if b"\\u0000" in text and _has_nul(value):
                    raise UnreadableDocument("has a NUL byte")
                for item, row in self._rows(value):
                    rows.append(row)
                    numbers.append(number)
                    items.append(item)
                    self._columns.update(dict.fromkeys(row))
            except UnreadableDocument as error:
                rejected.append(RejectedLine(number, str(error), text.decode(errors="replace")))
        if self.items is not None and items and not any(name.startswith(f"{self.items}.") for name in self._columns):
            self._columns.update(dict.fromkeys(self.required))
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self._columns, pl.String), orient="row")
        positions = [pl.Series(ROW_NUMBER, numbers, dtype=pl.UInt64), pl.Series(ITEM, items, dtype=pl.UInt32)]
        return RawChunk(frame.with_columns(positions), as_frame(rejected))

    def _rows(self, document: Any) -> list[tuple[int, dict[str, str | None]]]:
        """The rows of a document with their positions in its list of items, 0 if there is none."""
        if not isinstance(document, dict):
            raise UnreadableDocument("not a JSON object")
        key = self._key_of_items(document)
        if key is None:
            found = [(0, flattened(document))]
        else:
            entries = document[key]
            shared = flattened({name: value for name, value in document.items() if name != key})
            listed = entries if isinstance(entries, list) else [] if entries is None else [entries]
            own = (flattened({str(self.items): entry}) for entry in listed)
            found = [(item, {**shared, **row}) for item, row in enumerate(own, start=1)] or [(0, shared)]
        if not any(row for _, row in found):
            raise UnreadableDocument("empty object")
        return found

    def _key_of_items(self, document: dict[str, Any]) -> str | None:
        """The key of the list of items, however it is written; None if there is none."""
        if self.items is None or self.items in document:
            self._has_items = True
            return self.items
        for name in document:
            if normalised(name) == normalised(self.items):
                self._has_items = True
                return name
        if not self._has_items:
            self._lists.update(dict.fromkeys(name for name, value in document.items() if _is_of_objects(value)))
        return None


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _meant(lists: Iterable[str], items: str | None) -> str | None:
    """The list that may be the one of items; None if no name looks like it."""
    names = {normalised(name): name for name in lists}
    near = difflib.get_close_matches(normalised(items or ""), names, n=1, cutoff=0.6)
    return next((names[name] for name in (*near, *_USUAL) if name in names), None)


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in name or _has_nul(part) for name, part in value.items())
    return any(map(_has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value
