"""Bulk writes that depend on an item of their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from omnix_cli.errors import LockedError
from omnix_cli.protocols.tables import GuardedStore, TableStore
from tests.contracts.table_store.examples import NOW, MakeStore

WRITES: dict[str, Callable[[TableStore], object]] = {
    "put": lambda store: store.put_many("recommendations", [{"id": "a", "n": 2}]),
    "update": lambda store: store.update_many("recommendations", [{"id": "a", "n": 2}]),
    "delete": lambda store: store.delete_many("recommendations", ["a"]),
}


@dataclass
class ExampleGuard:
    """Holds while the item `turn` has the number 1 and nobody has set `is_over`. Implements `Guard`."""

    key: str = "turn"
    expected: Mapping[str, Any] = field(default_factory=lambda: {"number": 1})
    is_over: bool = False
    checks: int = 0

    def check(self) -> None:
        self.checks += 1
        if self.is_over:
            raise self.lost()

    def lost(self) -> LockedError:
        return LockedError("lost")


class GuardsWrites:
    """No bulk write begins once the guard is over; where the store fences writes, none ends either."""

    fences_writes = False

    @pytest.mark.parametrize("write", WRITES)
    def test_a_guard_that_is_over_lets_nothing_through(self, store: TableStore, write: str) -> None:
        store.put_many("recommendations", [{"id": "turn", "number": 1}, {"id": "a", "n": 1}])
        guard = ExampleGuard()
        assert isinstance(store, GuardedStore)
        with store.guarded(guard):
            WRITES[write](store)
            assert guard.checks > 0
            store.put_many("recommendations", [{"id": "a", "n": 1}])
            guard.is_over = True
            with pytest.raises(LockedError, match="lost"):
                WRITES[write](store)
        assert store.get("recommendations", "a", now=NOW) == {"id": "a", "n": 1}
        WRITES[write](store)
        assert store.get("recommendations", "a", now=NOW) != {"id": "a", "n": 1}, "the guard ended with its block"

    @pytest.mark.parametrize("write", WRITES)
    def test_an_item_that_another_process_changed_fences_the_writes(
        self, store: TableStore, make_store: MakeStore, write: str
    ) -> None:
        store.put_many("recommendations", [{"id": "turn", "number": 1}, {"id": "a", "n": 1}])
        assert store.traits.fences_writes == self.fences_writes
        assert isinstance(store, GuardedStore)
        if not self.fences_writes:
            return
        with store.guarded(ExampleGuard()):
            with closing(make_store()) as other:
                assert other.put_if("recommendations", {"id": "turn", "number": 2}, expected={"number": 1})
            with pytest.raises(LockedError, match="lost"):
                WRITES[write](store)
        assert store.get("recommendations", "a", now=NOW) == {"id": "a", "n": 1}
