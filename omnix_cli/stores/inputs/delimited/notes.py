"""Lines of a CSV file that are no rows and no errors: comments, rules, titles, footers, totals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from omnix_cli.steps.imports import totals
from omnix_cli.stores.inputs.line_blocks import RejectedLine

COMMENT, EMPTY, HEADER, CHANGED, ABOVE, BELOW, STRAYS = (
    "comment lines",
    "empty rows",
    "repeated headers",
    "headers with other columns",
    "lines above the header",
    "lines below the rows",
    "stray quotes",
)
"""What was found between the rows, as findings name it."""

COMMENT_SIGNS = ("# ", "-- ", "// ", "#\t")
_COMMENT = re.compile(r"\ufeff?(?:#+(?:[^\d#]|$)|--+(?:[^\d-]|$)|//)")
_OTHER_SEPARATORS = re.compile(r"[;|\t]")
_DRAWN = set("-=_+|,;\t \r")
RULES = [sign * length for sign in "-=_" for length in range(2, 60)]
"""What the first field of a drawn line is, as terminals print it below a header."""
_LONGEST_FOOTER = 20
"""More lines than this that are no rows, at the end of a file, are broken rows."""
_LONGEST_EXAMPLE = 60


@dataclass
class Notes:
    """Counts what is left out of a file, and says so in its findings."""

    findings: dict[str, str]
    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, str] = field(default_factory=dict)
    _open: list[RejectedLine] = field(default_factory=list)
    """Lines of text after the last row so far: footers, if no row follows."""

    def add(self, kind: str, example: str = "", number: int = 1) -> None:
        """Counts lines of a kind."""
        if number:
            self._counts[kind] += number
            self._examples.setdefault(kind, example.strip()[:_LONGEST_EXAMPLE])
            first = self._examples[kind]
            self.findings[kind] = f"{self._counts[kind]:,} ({first})" if first else f"{self._counts[kind]:,}"

    def sorted_out(
        self, rejected: Sequence[RejectedLine], rows: npt.NDArray[np.uint64], headers: Sequence[int]
    ) -> list[RejectedLine]:
        """The broken rows among lines that are no rows; `rows` and `headers` are the numbers of the lines that are.

        A line of text directly above a header is its title, one below the last row of the file a footer."""
        if not rejected and not self._open:
            return []
        broken: list[RejectedLine] = []
        waiting, self._open = self._open, []
        for line in rejected:
            (waiting if _is_remark(line) else broken).append(line)
        row_numbers, header_numbers = rows.astype(np.int64), np.asarray(headers, np.int64)
        for line in waiting:
            row, header = _next(row_numbers, line.number), _next(header_numbers, line.number)
            if row is None and header is None:
                self._open.append(line)
            elif row is None or (header is not None and header < row):
                self.add(ABOVE, line.text)
            else:
                broken.append(line._replace(reason=_WRONG_NUMBER))
        return sorted(broken)

    def close(self) -> list[RejectedLine]:
        """The lines at the end of the file that are broken rows."""
        waiting, self._open = self._open, []
        if len(waiting) > _LONGEST_FOOTER:
            return [line._replace(reason=_WRONG_NUMBER) for line in waiting]
        for line in waiting:
            self.add(BELOW, line.text)
        return []


_WRONG_NUMBER = "wrong number of fields"
_REMARK = "a remark"


def rejected(number: int, text: str, fields: Sequence[str] | None) -> RejectedLine:
    """A line that is no row."""
    if fields is None:
        return RejectedLine(number, "broken quotes", text)
    filled = [field for field in fields if field.strip()]
    if filled and totals.is_label(_OTHER_SEPARATORS.split(filled[0])[0]):
        return RejectedLine(number, totals.REASON, text, expected=True)
    if len(filled) == 1 and _is_prose(filled[0]):
        return RejectedLine(number, _REMARK, text)
    return RejectedLine(number, _WRONG_NUMBER, text)


def kind_of(text: str, fields: Sequence[str] | None) -> str | None:
    """The kind of a line that is left out, whatever is above and below it; None for any other."""
    if fields is not None and not any(field.strip() for field in fields):
        return EMPTY
    return COMMENT if _COMMENT.match(text) or _is_rule(text) else None


def is_comment_row(text: str) -> bool:
    """Whether a line that has all fields is a comment. The id #1001 begins none."""
    return text.startswith(COMMENT_SIGNS) or _is_rule(text)


def _is_rule(text: str) -> bool:
    """Whether it is a drawn line, as terminals print it below a header."""
    return set(text) <= _DRAWN and any(sign * 2 in text for sign in "-=_")


def _is_remark(line: RejectedLine) -> bool:
    return line.reason == _REMARK


def _is_prose(text: str) -> bool:
    """Whether a text is words, and not a row whose separator is another."""
    words = text.split()
    alone = len(words) == 1 and text.strip("<>()[]*.:!-= ").lower() in ("end", "eof", "eod", "fin", "ende")
    return alone or (
        len(words) > 1 and any(letter.isalpha() for letter in text) and not any(sign in text for sign in ";|\t")
    )


def _next(numbers: npt.NDArray[np.int64], after: int) -> int | None:
    place = int(np.searchsorted(numbers, after, side="right"))
    return int(numbers[place]) if place < len(numbers) else None
