"""Images of copied tables without a customer can still be read, and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.migration_images import MigrationImages
from omnix_cli.stores.migrations.item_parquet import as_parquet, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import DiskFolder

ZOE = Traces("zoe-4711")
LISTS, PROFILES = TABLES["recommendations"], TABLES["customer-profiles"]


def keep(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "run" / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_others_stay_as_they_were(tmp_path: Path) -> None:
    items = [{"id": "zoe-4711#usual", "customerId": "zoe-4711"}, {"id": "b#usual", "customerId": "b"}]
    frame = items_frame(LISTS, items, ["zoe-4711#homepage", "c#homepage"])
    path = keep(tmp_path, "recommendations-000-0000000-000.parquet", as_parquet(frame))
    place = MigrationImages(DiskFolder(tmp_path))
    assert [piece.content for piece in place.pieces(ZOE)] == [items[0], {"id": "zoe-4711#homepage"}]
    assert place.erase(ZOE) == 2 and place.erase(ZOE) == 0
    assert list(read_items(path.read_bytes(), "id")) == [("b#usual", items[1]), ("c#homepage", None)]


@pytest.mark.parametrize("customer", ["zoe@shop.example", "7", "anna", "2017-12-30", "a#b", "similar"])
def test_added_rows_are_known_by_the_customer_in_their_ids(tmp_path: Path, customer: str) -> None:
    """A copy that added a row keeps its id only, and a purchase without an order has the customer in it."""
    inside = customer.replace("#", "%23")
    mine = [f"2018-01-01T10:00:00###{inside}#milk", f"2018-01-01T10:00:00#north##{inside}#{customer}"]
    others = ["2017-12-30##R-1#milk", "2018-01-01T10:00:00###70#7", "2018-01-01##7#7", "similar#7"]
    frame = items_frame(TABLES["purchase-history"], [], [*mine, *others])
    path = keep(tmp_path, "purchase-history-000-0000000-000.parquet", as_parquet(frame))
    assert MigrationImages(DiskFolder(tmp_path)).erase(Traces(customer)) == 2
    assert [key for key, _ in read_items(path.read_bytes(), "id")] == others


def test_sentences_of_others_stay(tmp_path: Path) -> None:
    items = [{"id": "8#usual", "customerId": "8", "recommendations": [{"productId": "7", "reason": "every 7 days"}]}]
    path = keep(tmp_path, "recommendations-000-0000000-000.parquet", as_parquet(items_frame(LISTS, items)))
    assert MigrationImages(DiskFolder(tmp_path)).erase(Traces("7")) == 0
    assert [key for key, _ in read_items(path.read_bytes(), "id")] == ["8#usual"]


def test_a_file_that_had_nobody_else_has_nothing_to_undo(tmp_path: Path) -> None:
    frame = items_frame(PROFILES, [{"customerId": "zoe-4711", "updatedAt": "2018"}])
    path = keep(tmp_path, "customer-profiles-000-0000000-000.parquet", as_parquet(frame))
    assert MigrationImages(DiskFolder(tmp_path)).erase(ZOE) == 1
    ((key, item),) = read_items(path.read_bytes(), "customerId")
    assert key.startswith("forgotten#") and item is None
    assert b"zoe-4711" not in path.read_bytes()


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    keep(tmp_path, "customer-profiles-000-0000000-000.parquet", b"PAR1")
    with pytest.raises(CorruptCheckpoint, match="0000000-000"):
        MigrationImages(DiskFolder(tmp_path)).erase(ZOE)
