"""Texts that would take over a terminal, and a terminal that keeps what it is sent."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unicodedata import category

import pytest

from omnix_cli.cli import main
from tests.cli.conftest import CUSTOMERS, FIRST_DAY

SPOOF = "SPOOFED"
"""What begins a line of its own wherever a line break gets through."""
SIGNS = (
    *("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x85", "\b\b", "\x7f", "\r", "\x0e"),
    *("\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff", "\U000e0041"),
)
HOSTILE = f"a{''.join(SIGNS)}b"
"""One of every kind, in one line."""
LINES = f"{HOSTILE}\n{SPOOF}"


def obeyed(text: str) -> set[str]:
    """The characters in a text that a terminal may obey. Judged by Unicode's categories alone."""
    return {one for one in text if category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set("\n\t\u200c\u200d\xad")


@dataclass(frozen=True)
class Shown:
    """How a command ended, and what it sent to a terminal."""

    code: int
    out: str
    err: str


class _Screen(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="", write_through=True)

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        content = self.buffer.getvalue()  # type: ignore[attr-defined]
        assert isinstance(content, bytes)
        return content.decode()


class Terminal:
    """Calls omnix with a terminal as stdout and, unless `errors` says otherwise, a file as stderr: there, progress is
    lines instead of a bar, which moves the cursor on purpose."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "300")

    def __call__(self, *arguments: str, errors: io.TextIOWrapper | None = None) -> Shown:
        out, err = _Screen(), errors or io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", "")
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(arguments)
            err.flush()
        return Shown(code, out.text(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]

    def with_bar(self, *arguments: str) -> Shown:
        """The same with a terminal as stderr."""
        return self(*arguments, errors=_Screen())


def write_hostile_shop(folder: Path) -> None:
    """A shop that sells four products under names of every kind, and customers whose profiles have them, too."""
    products = [f"p{number}" for number in range(4)]
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price,store_location"]
    for number, customer in enumerate(CUSTOMERS):
        for week in range(20):
            day = FIRST_DAY + timedelta(days=7 * week + number % 5)
            for product in products[: 2 + week % 3]:
                lines.append(f'{customer},{product},{customer}-{day},{day}T10:00:00Z,1,2.50,"{LINES}"')
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n", newline="")
    items = [{"product_id": one, "name": f"{one}{LINES}", "category": LINES, "brand": LINES} for one in products]
    _write(folder / "products.ndjson", items)
    profile = {"favorite_categories": [LINES], "shopping_frequency": "weekly", "location": LINES}
    profiles = [{"customer_id": one, **profile} for one in CUSTOMERS]
    _write(folder / "customers.ndjson", profiles)
    _write(folder / "bad.ndjson", [{LINES: 1, "product_id": LINES, "customer_id": LINES, "quantity": LINES}])


def _write(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def spoofed_lines(text: str) -> Iterator[str]:
    """Lines that pass for lines of omnix."""
    yield from (line for line in text.split("\n") if line.startswith(SPOOF))
