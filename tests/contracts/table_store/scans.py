"""Reading a whole table."""

from __future__ import annotations

import pytest

from omnix_cli.protocols.tables import TableStore
from tests.contracts.table_store.examples import ids, purchase


class ScansTables:
    """A scan gives every item once."""

    @pytest.mark.parametrize("segments", [1, 3, 8])
    def test_segments_share_the_items_out(self, store: TableStore, segments: int) -> None:
        items = [purchase(number) for number in range(1500)]
        store.put_many("purchase-history", items)
        parts = [ids(store.scan("purchase-history", segment=part, segments=segments)) for part in range(segments)]
        assert sorted(key for part in parts for key in part) == ids(items)
        assert all(parts)

    def test_attributes_choose_what_is_read(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "stock": 1, "name": "Milk"}, {"id": "tea"}])
        found = sorted(store.scan("products", attributes=("id", "stock")), key=lambda item: item["id"])
        assert found == [{"id": "milk", "stock": 1}, {"id": "tea"}]

    def test_what_is_scanned_may_be_written_meanwhile(self, store: TableStore) -> None:
        store.put_many("purchase-history", [purchase(number) for number in range(1200)])
        seen = []
        for item in store.scan("purchase-history"):
            seen.append(item["id"])
            if len(seen) % 100 == 0:
                store.delete_many("purchase-history", seen[-100:])
        assert sorted(seen) == [f"p{number:04d}" for number in range(1200)]
        assert list(store.scan("purchase-history")) == []
