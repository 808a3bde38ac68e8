"""Items of a table as columns of texts: polars parses the DynamoDB JSON and removes the type tags.

Only the requested attributes are parsed, and only with the tags that they had so far, which is many times as fast as
Python values. An item in which an attribute has another tag goes through the general decoder of `wire`; of the next
items, that attribute is parsed with all tags.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from omnix_cli.steps.imports.texts import entries
from omnix_cli.stores.dynamodb.wire import from_wire

_PLAIN: dict[str, pl.DataType] = {"S": pl.String(), "N": pl.String(), "BOOL": pl.Boolean(), "NULL": pl.Boolean()}
_LIST = pl.Struct(
    {"L": pl.List(pl.Struct({"S": pl.String, "N": pl.String})), "SS": pl.List(pl.String), "NULL": pl.Boolean}
)

PARSED_BYTES = 1 << 19
"""Bytes that polars parses at a time: its intermediate values then fit the cache, which halves the time."""

Document = Mapping[str, Any]
"""An item as in its JSON: every value with its tag."""
Documents = Callable[[Sequence[int]], Iterable[Document]]
"""Returns the complete items at some positions."""


def parsed(texts: pl.Series, dtype: pl.Struct) -> pl.Series:
    """JSON parsed by polars. Raises its `PolarsError` when a text is not JSON or not of this type."""
    size = int(texts.str.len_bytes().sum())
    step = max(1, len(texts) * PARSED_BYTES // max(size, 1))
    pieces = (texts[start : start + step] for start in range(0, max(len(texts), 1), step))
    return pl.concat([piece.str.json_decode(dtype) for piece in pieces])


class ItemColumns:
    """How the attributes of items become columns.

    A name such as `preferences.budgetRange.min` is a value within maps. `lists` become lists of texts (a text is split
    at `separator`); all other attributes become texts, numbers as they are written."""

    def __init__(self, attributes: Iterable[str], lists: Iterable[str] = (), separator: str = "|") -> None:
        self._paths = {name: tuple(name.split(".")) for name in attributes}
        self._lists = frozenset(lists)
        self._separator = separator
        self._maps = dict.fromkeys(path[:depth] for path in self._paths.values() for depth in range(1, len(path)))
        for path in self._maps:  # an attribute that holds others has no value itself
            self._paths.pop(".".join(path), None)
        self._tags = {name: tuple(_PLAIN) for name in self._paths if name not in self._lists}
        self._found: dict[str, set[str]] = {name: set() for name in self._tags}

    @property
    def dtype(self) -> pl.Struct:
        """The type as which polars should parse the next items."""
        return self._struct(())

    def decode(self, items: pl.Series, documents: Documents) -> tuple[pl.DataFrame, dict[int, str]]:
        """The columns of items that were parsed as `dtype`, null where an item lacks the attribute; and by position,
        why an item cannot be read. May change `dtype` for the next items."""
        rows = items.struct.unnest()
        columns = rows.with_columns(self._value(name).alias(name) for name in self._paths).select(*self._paths)
        oddities = rows.select(self._is_odd(name).alias(name) for name in self._paths)
        odd = oddities.select(pl.any_horizontal(pl.all(), False)).to_series().arg_true()
        unreadable = self._no_maps(rows)
        if not rows.is_empty():
            self._learn(rows, {name for name in oddities.columns if oddities[name].any()})
        if not odd.is_empty():
            again = []
            for row, document in zip(odd, documents(odd.to_list()), strict=True):
                try:
                    again.append({name: self._general(name, document) for name in self._paths})
                except (KeyError, TypeError, ValueError, AttributeError):
                    again.append({})
                    unreadable[row] = "not DynamoDB JSON"
            order = pl.int_range(rows.height, eager=True).scatter(
                odd, pl.int_range(rows.height, rows.height + len(odd), eager=True)
            )
            columns = pl.concat([columns, pl.DataFrame(again, schema=columns.schema)])[order]
        return columns, unreadable

    def _struct(self, above: tuple[str, ...]) -> pl.Struct:
        """The type of the map at a path (of the item itself for the empty path)."""
        depth = len(above)
        parts: dict[str, pl.DataType] = {}
        for name, path in self._paths.items():
            if path[:depth] != above:
                continue
            if len(path) == depth + 1:
                tags = self._tags.get(name, ())
                parts[path[depth]] = pl.Struct({tag: _PLAIN[tag] for tag in tags}) if tags else _LIST
            elif path[depth] not in parts:
                parts[path[depth]] = pl.Struct({"M": self._struct(path[: depth + 1]), "NULL": pl.Boolean})
        return pl.Struct(parts)

    def _value(self, name: str) -> pl.Expr:
        tagged = _tagged(self._paths[name])
        if name in self._lists:
            return pl.coalesce(_entries(tagged), tagged.struct.field("SS"))
        texts = [tagged.struct.field(tag).cast(pl.String) for tag in self._tags[name] if tag != "NULL"]
        return pl.coalesce(*texts, pl.lit(None, pl.String))

    def _is_odd(self, name: str) -> pl.Expr:
        """Whether there is a value with none of the usual tags."""
        tagged = _tagged(self._paths[name])
        tags = self._tags.get(name, ("L", "SS", "NULL"))
        odd = tagged.is_not_null() & pl.all_horizontal(tagged.struct.field(tag).is_null() for tag in tags)
        if name in self._lists:
            odd |= _entries(tagged).list.eval(pl.element().is_null()).list.any()
        return odd.fill_null(False)

    def _learn(self, rows: pl.DataFrame, odd: Collection[str]) -> None:
        """Expects all tags of an attribute after an odd one, otherwise only those found so far, at least one."""
        wide = [name for name, tags in self._tags.items() if len(tags) == len(_PLAIN)]
        fields_found = {
            (name, tag): _tagged(self._paths[name]).struct.field(tag).count().alias(f"{number} {tag}")
            for number, name in enumerate(wide)
            for tag in _PLAIN
        }
        if fields_found:
            counts = rows.select(fields_found.values()).row(0)
            for (name, tag), count in zip(fields_found, counts, strict=True):
                self._found[name] |= {tag} if count else set()
        for name, found in self._found.items():
            usual = tuple(tag for tag in _PLAIN if tag in found) or ("NULL",)
            self._tags[name] = tuple(_PLAIN) if name in odd else usual

    def _no_maps(self, rows: pl.DataFrame) -> dict[int, str]:
        found: dict[int, str] = {}
        for path in self._maps:
            tagged = _tagged(path)
            is_map = tagged.struct.field("M").is_not_null() | tagged.struct.field("NULL").is_not_null()
            for row in rows.select(tagged.is_not_null() & ~is_map).to_series().arg_true():
                found[row] = f"`{'.'.join(path)}` is not a map"
        return found

    def _general(self, name: str, document: Document) -> str | list[str] | None:
        """One attribute of an item, of any type."""
        *above, last = self._paths[name]
        for part in above:
            document = document.get(part, {}).get("M", {})
        if last not in document:
            return None
        value = from_wire({last: document[last]})[last]
        if name not in self._lists or value is None:
            return _as_text(value)
        if isinstance(value, str):
            text = pl.Series([value])
            (divided,) = entries(text, text, self._separator).to_list()
            return list(divided)
        texts = map(_as_text, value if isinstance(value, list) else sorted(value, key=repr))
        return [text for text in texts if text is not None]


def _tagged(path: Sequence[str]) -> pl.Expr:
    """The value with its tag, at a path through maps."""
    first, *others = path
    found = pl.col(first)
    for part in others:
        found = found.struct.field("M").struct.field(part)
    return found


def _entries(tagged: pl.Expr) -> pl.Expr:
    """The texts of a list; null for an entry that is not a text or a number."""
    entry = pl.element().struct
    return tagged.struct.field("L").list.eval(pl.coalesce(entry.field("S"), entry.field("N")))


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    # orjson cannot write whole numbers of more than 64 bits
    return json.dumps(value, default=_as_json, ensure_ascii=False, separators=(",", ":"))


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return sorted(value, key=repr) if isinstance(value, set) else str(value)
