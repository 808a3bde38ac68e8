"""JSON documents in a stream of bytes: over several lines, one directly after the other, or in an array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from omnix_cli.errors import DataError

LONGEST_DOCUMENT = 64 << 20

_STRING = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_FLAT = re.compile(rb'\{[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+)*+\}')
"""An object without objects and arrays in it; found at once."""
_TOKEN = re.compile(_STRING + rb'|["{}\[\]]')
_SEPARATORS = re.compile(rb"[\s,\x1e]*")
_SAME_LINE = re.compile(rb"[ \t\r,\x1e]*")
_NO_KEY = re.compile(rb'\{\s*[^\s"}]')
_FIRST_KEY = re.compile(rb"\{\s*(" + _STRING + rb")\s*:")
_SCALAR = re.compile(rb"(?:" + _STRING + rb'|[^,\]\n"])*')
_QUOTE, _OBJECT, _ARRAY, _END_OF_ARRAY = b'"{[]'


class Document(NamedTuple):
    """The number of its first line, from 1; its text, which need not be JSON; and whether the input ends inside it."""

    line: int
    text: bytes
    is_cut: bool = False


class _Extent(NamedTuple):
    """Where a value ends, or where it is found to be broken."""

    end: int
    is_broken: bool = False


class DocumentSplitter:
    """Splits pieces of an input into documents. What is not a document is returned by lines (in an array, by entries),
    and a broken document costs itself only: the next one begins where the same key or the same indentation does."""

    def __init__(self, name: str, *, is_array: bool, longest: int = LONGEST_DOCUMENT) -> None:
        self._name = name
        self._is_array = is_array
        self._longest = longest
        self._inside = False
        """Whether an array of documents is open."""
        self.rest = b""
        """The beginning of a document that continues in the next piece."""

    def split(self, piece: bytes, line: int, *, is_last: bool) -> Iterator[Document]:
        """The documents that end in this piece, whose first line has the number `line`. Raises `DataError` when a
        document is too long, and when the last piece leaves an array open."""
        line -= self.rest.count(b"\n")
        content, self.rest = self.rest + piece, b""
        at = counted = 0
        while (at := _begin(content, at)) < len(content):
            if self._is_array and content[at] == (_END_OF_ARRAY if self._inside else _ARRAY):
                self._inside = not self._inside
                at += 1
                continue
            end = self._end(content, at, is_last=is_last)
            if end is None and not is_last:
                self.rest = content[_line_begin(content, at) :]
                if len(self.rest) > self._longest:
                    message = f"{self._name}: a JSON object is longer than {self._longest >> 20:,} MiB"
                    raise DataError(message, hint="Is a bracket or a quote missing?")
                return
            line += content.count(b"\n", counted, at)
            counted = at
            is_cut = end is None and content[at] in b"{[" and _extent(content, at) is None
            yield Document(line, content[at:end].strip(), is_cut)
            at = len(content) if end is None else end
        if is_last and self._inside:
            message = f"{self._name}: the file is damaged or truncated: its JSON array does not end"
            raise DataError(message, hint="Get the file again; nothing of it was imported.")

    def _end(self, content: bytes, at: int, *, is_last: bool) -> int | None:
        """Where the document ends that begins here; None if it does not."""
        if content[at] != _OBJECT and not (content[at] == _ARRAY and self._inside):
            return self._end_of_line(content, at) if not self._inside else _end_of_scalar(content, at)
        extent = _extent(content, at)
        if extent is None:
            return _next(content, at, len(content)) if is_last else None
        if extent.is_broken:
            return self._after_broken(content, at, extent.end)
        after = _match_end(_SAME_LINE, content, extent.end)
        if after == len(content):
            return extent.end if is_last else None
        if content[after] in (b"\n{[]" if self._is_array else b"\n{"):
            return extent.end
        if self._inside and b"," in content[extent.end : after]:
            return extent.end
        return self._after_broken(content, at, after)

    def _after_broken(self, content: bytes, at: int, broken: int) -> int | None:
        first_line = self._end_of_line(content, at)
        if _is_first_on_line(content, at) and first_line is not None and broken < first_line:
            return first_line
        return _next(content, at, broken)

    def _end_of_line(self, content: bytes, at: int) -> int | None:
        end = content.find(b"\n", at)
        return end if end >= 0 else None


def _match_end(pattern: re.Pattern[bytes], content: bytes, at: int) -> int:
    found = pattern.match(content, at)
    return found.end() if found else at


def _begin(content: bytes, at: int) -> int:
    return _match_end(_SEPARATORS, content, at)


def _end_of_scalar(content: bytes, at: int) -> int | None:
    end = _match_end(_SCALAR, content, at)
    if content[end : end + 1] == b'"':  # a text that its line does not end
        end = content.find(b"\n", end)
    return end if 0 <= end < len(content) else None


def _line_begin(content: bytes, at: int) -> int:
    """Where the line begins, if nothing but white space is before this place; otherwise the place itself."""
    begin = content.rfind(b"\n", 0, at) + 1
    return begin if not content[begin:at].strip() else at


def _is_first_on_line(content: bytes, at: int) -> bool:
    return not content[content.rfind(b"\n", 0, at) + 1 : at].strip()


def _extent(content: bytes, at: int) -> _Extent | None:
    """The extent of the object or array that begins here; None if the content ends before it."""
    if _NO_KEY.match(content, at):
        return _Extent(at + 1, is_broken=True)
    if flat := _FLAT.match(content, at):
        return _Extent(flat.end())
    opened = bytearray()
    before = at
    for token in _TOKEN.finditer(content, at):
        begin, end = token.span()
        sign = content[begin]
        if sign == _QUOTE:
            if end == begin + 1:  # a text does not go beyond its line
                return _Extent(begin, is_broken=True) if content.find(b"\n", begin) >= 0 else None
        elif sign in (_OBJECT, _ARRAY):
            if opened and not _may_open(content[before:begin].strip(), opened[-1], content[before - 1]):
                return _Extent(begin, is_broken=True)
            opened.append(sign)
        elif opened.pop() != sign - 2:  # } is two after {, and ] after [
            return _Extent(begin, is_broken=True)
        elif not opened:
            return _Extent(end)
        before = end
    return None


def _may_open(gap: bytes, container: int, last: int) -> bool:
    """Whether an object or array may begin after this gap, which follows the sign `last`."""
    if container == _OBJECT:
        return gap == b":"
    return gap.endswith(b",") or (not gap and last == _ARRAY)


def _next(content: bytes, at: int, broken: int) -> int | None:
    """Where the document after a broken one begins, if it can be found."""
    if _is_first_on_line(content, at):
        indent = content[content.rfind(b"\n", 0, at) + 1 : at]
        following = content.find(b"\n" + indent + b"{", at)
        return following if following >= 0 else None
    key = _FIRST_KEY.match(content, at)
    if key is None:
        return None
    following_key = re.compile(rb"\{\s*" + re.escape(key[1]) + rb"\s*:").search(content, max(broken, at + 1))
    return following_key.start() if following_key else None
