"""Who was forgotten: a list of tombstones in the workspace, each the keyed hash of an id, and no id.

    forgotten.json    the key that was made for the hashes, and for each customer: the hash, when it was forgotten,
                      whether the stored rows were purged, how many rows of each import are no longer there

Imports leave out the rows of these customers, and so does every scan of stored rows: also of those who were purged,
since a part may come back from a backup.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import polars as pl
from pydantic import Field, ValidationError

from omnix_cli.records import Record
from omnix_cli.safe_text.redaction import is_bare_line, is_customer_field
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json
from omnix_cli.stores.workspace.versions import unreadable

FILE = "forgotten.json"
NO_PARAMETERS: Mapping[str, Any] = {}
_KEY_BYTES = 32
_SEPARATORS = re.compile(r"[\s,;|\t]+")


class Tombstone(Record):
    """A customer who was forgotten. `rows` counts the current rows of each import (by the key of its batch) that are
    hidden or purged, `erased` what was removed by place; `receipt` is the last one that was given."""

    hash: str
    forgotten_at: datetime
    is_distinctive: bool
    purged: bool = False
    rows: dict[str, int] = {}
    erased: dict[str, int] = {}
    receipt: dict[str, Any] | None = None


class _Content(Record):
    key: str = Field(pattern=rf"^([0-9a-f]{{2}}){{{_KEY_BYTES}}}$")
    customers: dict[str, Tombstone] = {}


@dataclass(frozen=True)
class ForgottenCustomers:
    """The tombstones of a workspace. Implements `protocols.Forgotten`."""

    folder: Folder
    _read: list[_Content | None] = field(default_factory=list, compare=False, repr=False)
    _answers: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)
    """Whether an id is that of a forgotten customer, as far as it was asked."""

    def find(self, customer: str) -> Tombstone | None:
        """The tombstone of a customer."""
        known = self._content
        return known.customers.get(self._hash(known, customer)) if known else None

    def change(self, customer: str, edit: Callable[[Tombstone | None, str], Tombstone]) -> Tombstone:
        """Replaces the tombstone of a customer with what `edit` returns for it (None: there is none) and its hash."""
        made: list[Tombstone] = []

        def changed(content: bytes | None) -> bytes:
            known = _parsed(content) or _Content(key=secrets.token_hex(_KEY_BYTES))
            name = self._hash(known, customer)
            made[:] = [edit(known.customers.get(name), name)]
            customers = {**known.customers, name: made[0]}
            self._answers.clear()
            self._read[:] = [known.model_copy(update={"customers": customers})]
            return as_sealed_json(_Content(key=known.key, customers=customers).model_dump(mode="json"))

        self.folder.change(FILE, changed)
        return made[0]

    @property
    def key(self) -> bytes:
        """The key that was made for the hashes of this workspace."""
        return bytes.fromhex(self._content.key) if self._content else b""

    @property
    def anybody(self) -> bool:
        """Whether anybody was forgotten."""
        return bool(self._content and self._content.customers)

    def rows_gone(self, batches: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """By the hash of a customer, how many current rows of each of these imports are gone."""
        gone = {
            name: {batch: count for batch, count in one.rows.items() if batch in batches and count}
            for name, one in self._tombstones.items()
        }
        return {name: rows for name, rows in gone.items() if rows}

    def among(self, customers: pl.Series) -> pl.Series:
        """Which of these ids belong to forgotten customers."""
        gone = [one for one in customers.unique() if one is not None and self._is_gone(one)] if self.anybody else []
        return customers.is_in(gone).fill_null(False)

    def in_rows(self, rows: pl.Series, parameters: Mapping[str, Any] = NO_PARAMETERS) -> pl.Series:
        """Which quarantined rows (JSON objects of texts) are about a forgotten customer; the `parameters` of their
        import say which columns hold customers."""
        about = partial(self._is_about_one, columns=customer_columns(parameters))
        return rows.map_elements(about, return_dtype=pl.Boolean, skip_nulls=False)

    def _is_about_one(self, row: str | None, columns: Collection[str]) -> bool:
        try:
            fields = orjson.loads(row or "")
        except orjson.JSONDecodeError:
            fields = row
        if not isinstance(fields, dict) or is_bare_line(fields):  # any word of it may be the customer
            return self._is_one(str(fields["line"] if isinstance(fields, dict) else fields), None)
        return any(
            self._is_one(str(value), None if name in columns else name)
            for name, value in fields.items()
            if value is not None
        )

    def _is_one(self, value: str, name: str | None) -> bool:
        """Whether a value, or a word of it, is the id of a forgotten customer; `name` is that of its field,
        None where customers are meant."""
        words = {value, value.strip(), *(word.strip("=\"'") for word in _SEPARATORS.split(value))}
        found = [self._tombstones.get(self._hash(self._content, word)) for word in words if word and self._content]
        is_customer = name is None or is_customer_field(name)
        return any(one is not None and (one.is_distinctive or is_customer) for one in found)

    def _is_gone(self, customer: str) -> bool:
        if customer not in self._answers and self._content:
            self._answers[customer] = self._hash(self._content, customer) in self._tombstones
        return self._answers.get(customer, False)

    @property
    def _tombstones(self) -> Mapping[str, Tombstone]:
        return self._content.customers if self._content else {}

    @property
    def _content(self) -> _Content | None:
        """The content of the file, read once."""
        if not self._read:
            try:
                self._read.append(_parsed(self.folder.read(FILE)))
            except FileNotFoundError:
                self._read.append(None)
            except OSError as error:
                raise _damaged(error) from error
        return self._read[0]

    def _hash(self, known: _Content, customer: str) -> str:
        return hmac.digest(bytes.fromhex(known.key), customer.encode(), "sha256").hex()


def customer_columns(parameters: Mapping[str, Any]) -> frozenset[str]:
    """The columns of an input that hold customers, as the `parameters` of its import say."""
    mapping = parameters.get("mapping")
    columns = mapping.get("columns") if isinstance(mapping, Mapping) else None
    source = columns.get("customer_id") if isinstance(columns, Mapping) else None
    names = source.get("columns") if isinstance(source, Mapping) else source
    given = [names] if isinstance(names, str) else [str(name) for name in names or ()]
    return frozenset((*given, "customer_id", "customerId"))


def _parsed(content: bytes | None) -> _Content | None:
    if content is None:
        return None
    try:
        return from_sealed_json(content, _Content.model_validate)
    except (ValidationError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> Exception:
    hint = "Restore it from a backup: without it, forgotten customers would come back."
    return unreadable(error, f"the list of forgotten customers {FILE}", hint=hint)
