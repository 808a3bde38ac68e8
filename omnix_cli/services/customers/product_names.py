"""The names of products, to search by. They are held in memory, so that a search reads no table, and read again after
the next run."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, islice, takewhile
from typing import Any

from omnix_cli import list_ids
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.published_entries import entries, text
from omnix_cli.services.customers.published_lists import PRODUCTS, TABLE

MOST_NAMES = 200_000
"""Names that are held at most; the others are found by their id only."""
MOST_FOUND = 1_000
"""Products that a search looks at, at most."""
_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class NamedProduct:
    """A product with the name that it is published under."""

    id: str
    name: str


@dataclass(frozen=True)
class _Names:
    """The products, those that are neighbours of most others first; `text` has their names, one a line, and `ends` the
    place where each ends."""

    products: list[NamedProduct]
    by_id: dict[str, str]
    text: str
    ends: array[int]
    stamp: str | None
    read_at: datetime

    @classmethod
    def of(cls, names: Mapping[str, str], weights: Mapping[str, int], stamp: str | None, now: datetime) -> _Names:
        products = sorted(
            (NamedProduct(*one) for one in names.items()), key=lambda one: (-weights.get(one.id, 0), one.name, one.id)
        )
        folded = [_folded(one.name) for one in products]
        ends = array("Q", accumulate(len(name) + 1 for name in folded))
        return cls(products, dict(names), "\n".join([*folded, ""]), ends, stamp, now)

    def find(self, words: list[str]) -> Iterator[NamedProduct]:
        """The products that have all words in their names."""
        rarest, place = max(words, key=len), 0
        while (place := self.text.find(rarest, place)) >= 0:
            number = bisect_right(self.ends, place)
            line = self.text[self.ends[number - 1] if number else 0 : self.ends[number]]
            if all(word in line for word in words):
                yield self.products[number]
            place = self.ends[number]


@dataclass
class ProductNames:
    """Those of the catalogue, where the store has one (`has_catalogue`); else those of the products that are in a list
    of similar products. A store that bills every read is not read as a whole for that. Several threads may use it."""

    store: TableStore
    has_catalogue: bool = False
    most: int = MOST_NAMES
    patience_seconds: float = 2.0
    _held: _Names | None = None
    _reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "names"))
    _reading: Future[None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, words: str, *, now: datetime) -> list[NamedProduct] | None:
        """Up to `MOST_FOUND` products whose names have all these words, in any order and case; None as long as the
        names are being read for the first time."""
        asked, names = _folded(words).split(), self._names(now)
        if names is None:
            return None
        return list(islice(names.find(asked), MOST_FOUND)) if asked else []

    def name(self, product: str, *, now: datetime) -> str | None:
        """The name of a product, if it is known by now."""
        names = self._names(now)
        return names.by_id.get(product) if names else None

    def _names(self, now: datetime) -> _Names | None:
        """The names of the last run. While a thread reads them, others go on with those of the run before."""
        popular = self.store.get(TABLE, list_ids.popular(), now=now) or {}
        stamp, held = text(popular.get("generatedAt")), self._held
        if held and held.stamp == stamp and now - held.read_at < _KEPT:
            return held
        with self._lock:
            if self._reading is None or self._reading.done():
                self._reading = self._reader.submit(self._read, stamp, now)
            reading = self._reading
        if held is None:
            wait((reading,), self.patience_seconds)
            if reading.done():
                reading.result()
        return self._held

    def _read(self, stamp: str | None, now: datetime) -> None:
        names: dict[str, str] = {}
        weights: Counter[str] = Counter()
        for product, name in self._published(now):
            if name and (product in names or len(names) < self.most):
                names[product] = name  # that of the catalogue comes last
            weights[product] += 1
        self._held = _Names.of(names, weights, stamp, now)

    def _published(self, now: datetime) -> Iterator[tuple[str, str | None]]:
        shared = (self.store.get(TABLE, one, now=now) for one in (list_ids.popular(), list_ids.trending()))
        yield from (named for item in shared if item for named in _named(item))
        if self.has_catalogue:
            for item in self.store.scan(PRODUCTS, attributes=("id", "name")):
                yield item["id"], text(item.get("name"))
        elif not self.store.traits.bills_capacity:
            first = list_ids.shared("similar", "")
            rows = self.store.scan(TABLE, after=first)  # by key: these rows follow each other
            for item in takewhile(lambda item: item["id"].startswith(first), rows):
                yield from _named(item)


def _named(item: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    return ((entry["productId"], text(entry.get("productName"))) for entry in entries(item))


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
