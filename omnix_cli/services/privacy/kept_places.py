"""What a place does that may keep something about a customer, and one piece of what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from omnix_cli.json_records.customer_records import wrong
from omnix_cli.safe_text.redaction import Traces


def checked(customer: str) -> str:
    """The id of a customer. Raises `InvalidRecord` for a blank one: every text has it."""
    if not customer.strip():
        raise wrong("customerId", "must not be blank")
    return customer


@dataclass(frozen=True)
class Piece:
    """Something that is stored about a customer: in which table, file or checkpoint (`where`), and what."""

    where: str
    content: Any


class Place(Protocol):
    """Somewhere that may keep something about a customer."""

    @property
    def name(self) -> str: ...
    def pieces(self, traces: Traces) -> Iterator[Piece]:
        """All that it keeps about the customer."""

    def erase(self, traces: Traces) -> int:
        """Removes it, and returns how many pieces there were. Doing it again, or after it was stopped, completes it."""
