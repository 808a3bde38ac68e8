"""Which tables a migration moves, and work on several segments at a time."""

from __future__ import annotations

from threading import Barrier, Event

import pytest

from omnix_cli.batching import batched
from omnix_cli.errors import ConfigError
from omnix_cli.services.migrations.sides import Source, chosen_tables, in_segments, until
from tests.unit.services.migrations.memory_items import MemoryItems

STORE = Source(MemoryItems({}))
EXPORT = Source(MemoryItems({}), tables=("products", "purchase-history"))


def test_named_tables_are_moved_once_in_their_order() -> None:
    assert chosen_tables(["products", "purchase-history", "products"], EXPORT) == ["products", "purchase-history"]


def test_without_names_all_tables_of_an_export_are_moved() -> None:
    assert chosen_tables([], STORE, EXPORT) == ["products", "purchase-history"]


def test_a_store_needs_names() -> None:
    with pytest.raises(ConfigError, match="no table is named"):
        chosen_tables([], STORE)


def test_an_unknown_table_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="'product'") as caught:
        chosen_tables(["product"])
    assert "Did you mean `products`?" in str(caught.value.hint)


def test_results_come_in_the_order_of_the_segments() -> None:
    together = Barrier(3)

    def work(segment: int, stop: Event) -> int:
        together.wait(timeout=10)
        return segment * 10

    assert in_segments(work, 3) == [0, 10, 20]


def test_when_one_segment_fails_the_others_stop() -> None:
    begun = Barrier(2)

    def work(segment: int, stop: Event) -> None:
        begun.wait(timeout=10)
        if segment == 0:
            raise LookupError("lost")
        assert stop.wait(timeout=10)

    with pytest.raises(LookupError, match="lost"):
        in_segments(work, 2)


def test_chunks_end_when_the_event_is_set() -> None:
    stop = Event()
    taken = []
    for chunk in until(stop, batched(range(10), 4)):
        taken.append(chunk)
        if len(taken) == 2:
            stop.set()
    assert taken == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert list(until(Event(), batched(range(5), 4))) == [[0, 1, 2, 3], [4]]
