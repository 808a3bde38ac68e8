"""The header of a CSV file: where it is, how its columns are separated and named, and whether it comes again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping, repeated_name
from omnix_cli.steps.imports.column_names import normalised
from omnix_cli.stores.inputs.delimited.fields import fields_of, wanted_names

SEPARATORS = (",", ";", "\t", "|")
_SEARCHED_LINES = 100
"""So far down a file its header is searched for."""
_LONGEST_HEADER = 20
"""A quoted name may have line breaks; a header with more lines than this has a broken quote."""
_WORD_ENDS = re.compile(r"[\s_-]+|(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_CODE = 3
"""Words such as id, no and sku are often written in capitals."""
_AROUND = (("", ""), (" ", ""), ("", " "), ("\ufeff", ""), ("#", ""))
_DECLARED = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
"""The first line of a file for Excel may name the separator."""


class Header(NamedTuple):
    """The names of the columns, the separator, where the header ends, and the lines above it that are not blank."""

    names: list[str]
    separator: str
    end: int
    above: list[Line]


class Line(NamedTuple):
    """A line, and where it begins and ends."""

    text: str
    start: int
    end: int


def find(block: bytes, mapping: ColumnMapping, *, file: str) -> Header | None:
    """The header of a file that begins with this block: the first line that has the most of the required columns,
    else the first one that is no title. None if all lines are
    blank. Raises `DataError` for broken quotes."""
    lines = list(_lines(block))
    if not lines:
        return None
    declared = None
    if found := _DECLARED.fullmatch(lines[0].text):
        declared = found[1]
        lines = lines[1:] or lines
    separators = tuple(filter(None, (mapping.separator or declared,))) or SEPARATORS
    place, separator = _best(lines, separators, mapping)
    header = lines[place]
    names = fields_of(header.text, separator)
    if names is None:
        raise DataError(f"{file}: the header has broken quotes", hint="Fix the first line.")
    names = cleaned(names)
    if names[0].startswith("#") and normalised(names[0]) in wanted_names(mapping)[1]:
        names[0] = names[0].lstrip("# ")
    return Header(_without_ends(names, lines[place + 1 :], separator), separator, header.end, lines[:place])


def cleaned(names: Sequence[str]) -> list[str]:
    """The names without blanks around them and without a byte order mark."""
    return [name.strip("\ufeff \t\r\n") for name in names]


def columns_of(names: Sequence[str], before: Sequence[str] = ()) -> list[str]:
    """The names made unique: unnamed columns are numbered, repeated names marked. Names that differ from a column of
    `before` in case or blanks only get its spelling."""
    known = {normalised(column): column for column in before}
    named = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    named = [known.get(normalised(name), name) if normalised(name) else name for name in named]
    return _distinct(named)


def repeats(
    fields: Sequence[str], columns: Sequence[str], wanted: frozenset[str], usual: frozenset[str] = frozenset()
) -> bool:
    """Whether the fields of a line are the names of columns: a header that comes again. In a line without any digit,
    the `usual` names are names, too."""
    names = [name for name in map(normalised, fields) if name]
    known = {normalised(column) for column in columns} | wanted
    if not any(sign.isdigit() for name in names for sign in name):
        known |= usual
    hits = len(known.intersection(names))
    return hits >= min(2, len(columns)) and 2 * hits >= len(names)


def spellings(columns: Iterable[str]) -> list[str]:
    """How the name of a first column may be written when a header comes again."""
    found: dict[str, None] = {}
    for column in columns:
        words = [word.lower() for word in _WORD_ENDS.split(column.strip())]
        titles = [word.title() for word in words]
        codes = [word.upper() if len(word) <= _LONGEST_CODE else word.title() for word in words]
        forms = (words, titles, codes, [word.upper() for word in words], [*words[:1], *titles[1:]])
        joined = (joint.join(form) for form in forms for joint in ("_", " ", "", "-"))
        names = dict.fromkeys((column, column.capitalize(), *joined))
        found.update(dict.fromkeys(f"{before}{name}{after}" for name in names for before, after in _AROUND))
    return list(found)


def _lines(block: bytes) -> Iterator[Line]:
    """The first lines that are not blank; a quoted name goes on over line ends."""
    start, found = 0, 0
    while start < len(block) and found < _SEARCHED_LINES:
        end = block.find(b"\n", start) + 1 or len(block)
        last = end
        for _ in range(_LONGEST_HEADER):
            if block[start:last].count(b'"') % 2 == 0 or last == len(block):
                break
            last = block.find(b"\n", last) + 1 or len(block)
        if block[start:last].count(b'"') % 2 == 0:
            end = last
        text = block[start:end].decode(errors="replace").strip("\r\n\ufeff")
        if text.strip():
            yield Line(text, start, end)
            found += 1
        start = end


def _best(lines: Sequence[Line], separators: Sequence[str], mapping: ColumnMapping) -> tuple[int, str]:
    """The place of the header among the lines, and its separator."""
    required, wanted = wanted_names(mapping)
    best, chosen = (0, 0), (0, "")
    for place, line in enumerate(lines):
        for separator in separators:
            names = {normalised(field) for field in fields_of(line.text, separator) or ()}
            hits = sum(bool(names & alternatives) for alternatives in required), len(names & wanted)
            if max(hits) and hits > best:
                best, chosen = hits, (place, separator)
        if best[0] == len(required) and chosen[1]:
            break
    if chosen[1]:
        return chosen
    return _first_of_a_table(lines, separators)


def _first_of_a_table(lines: Sequence[Line], separators: Sequence[str]) -> tuple[int, str]:
    """The first line, unless it is a title: one field, above lines that have more, and equally many."""
    counts = [{sign: _count_outside_quotes(line.text, sign) for sign in separators} for line in lines]
    common = max(separators, key=counts[0].__getitem__)
    if counts[0][common]:
        return 0, common
    for place, (line, below) in enumerate(pairwise(counts)):
        if alike := [sign for sign in separators if line[sign] and line[sign] == below[sign]]:
            return place, max(alike, key=line.__getitem__)
    return 0, common


def ghost_fields(names: Sequence[str], below: bytes, separator: str) -> int:
    """How many fields most lines below a header have beyond it, if these are empty, as after a separator at the end of
    all lines but the header."""
    rows = _rows(_lines(below), separator)
    width = _usual_width(rows)
    filled = (field.strip() for row in rows if len(row) == width for field in row[len(names) :])
    return 0 if any(filled) else max(0, width - len(names))


def repeated(names: Sequence[str]) -> list[str]:
    """The names that more than one column has."""
    return [name for name, columns in Counter(filter(None, names)).items() if columns > 1]


def _without_ends(names: list[str], lines: Sequence[Line], separator: str) -> list[str]:
    """The names without empty ones at the end that most lines have no field for."""
    width = _usual_width(_rows(lines, separator))
    return names if not width or any(names[width:]) else names[:width]


def _rows(lines: Iterable[Line], separator: str) -> list[list[str]]:
    found = (fields_of(line.text, separator) for line in lines)
    return [fields for fields in found if fields and len(fields) > 1 and any(fields)]


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _count_outside_quotes(text: str, sign: str) -> int:
    return sum(part.count(sign) for part in text.split('"')[::2])


def _distinct(named: list[str]) -> list[str]:
    columns, taken = Counter(named), Counter[str]()
    for place, name in enumerate(named):
        if columns[name] > 1:
            taken[name] += 1
            named[place] = repeated_name(name, taken[name], columns[name])
    return named if len(set(named)) == len(named) else _distinct(named)
