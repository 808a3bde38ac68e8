from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import ItemsRefused, LockedError
from omnix_cli.item_frames import as_dictionaries
from omnix_cli.protocols.tables import WriteLimit
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL
from omnix_cli.services.publishing.list_items import lists, some_lists
from omnix_cli.services.publishing.publisher import PublishReport, publish
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.conftest import MemoryFrame

NOW = datetime(2026, 3, 1, 2, 30, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = PublishSettings(lifetime_days=7, refresh_share=0.5)


def entries(
    list_id: str, kind: str, *products: str, customer: str | None = None, **columns: Any
) -> list[dict[str, Any]]:
    """The rows of one list."""
    return [
        {
            "list_id": list_id,
            "kind": kind,
            "customer_id": customer,
            "rank": rank,
            "product_id": product,
            "product_name": product.title(),
            "score": 0.9 - rank / 10,
            "shelf": None,
            "reason": 'said "so"',
            "tags": [],
            "confidence": 0.5,
            "predicted_date": None,
            "urgency": None,
            **columns,
        }
        for rank, product in enumerate(products, 1)
    ]


def homepage(customer: str, *products: str, **columns: Any) -> list[dict[str, Any]]:
    return entries(f"{customer}#homepage", "personal", *products, customer=customer, **columns)


def stored(name: str, *lists: list[dict[str, Any]]) -> MemoryFrame:
    rows = [row for rows in lists for row in rows]
    spec = FRAMES[name]
    frame = spec.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else spec.empty()
    return MemoryFrame(name, frame.sort(spec.sort, nulls_last=False))


class Shop:
    """A store and the workspace that publishes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = SqliteStore(folder / "store.sqlite")
        self.checkpoints = ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=lambda: NOW)
        self.runs = 0

    def publish(self, *lists: list[dict[str, Any]], now: datetime = NOW, **options: Any) -> PublishReport:
        """Publishes the lists, those with a customer as such and the others as shop lists."""
        self.runs += 1
        own = [rows for rows in lists if rows[0]["customer_id"]]
        shared = [rows for rows in lists if not rows[0]["customer_id"]]
        frames = stored("recommendations", *own), stored("shop_lists", *shared)
        arguments = {
            "store": self.store,
            "checkpoints": self.checkpoints,
            "settings": SETTINGS,
            "holder": "here",
            "clock": lambda: now,
            "run_id": f"run-{self.runs}",
            "as_of": now.date(),
        }
        return publish(*frames, **(arguments | options))

    def items(self) -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in self.store.scan("recommendations") if item["id"] != CONTROL}

    def products(self) -> dict[str, list[str]]:
        return {key: [entry["productId"] for entry in item["recommendations"]] for key, item in self.items().items()}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    with closing(shop.store):
        yield shop


def counts(report: PublishReport) -> dict[str, int]:
    names = ("added", "changed", "refreshed", "unchanged", "removed", "foreign")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


ANN, BOB = homepage("ann", "milk", "tea"), homepage("bob", "tea")
SIMILAR = entries("similar#milk", "similar", "tea")


class TestItems:
    def test_an_item_has_the_attributes_of_the_data_model(self, shop: Shop) -> None:
        due = {"predicted_date": date(2026, 3, 4), "urgency": "upcoming", "confidence": 0.71239}
        shop.publish(
            entries("ann#replenishment", "replenishment", "milk", customer="ann", tags=["dairy"], score=0.123456, **due)
        )
        item = shop.items()["ann#replenishment"]
        content_hash = item.pop("contentHash")
        assert item == {
            "id": "ann#replenishment",
            "customerId": "ann",
            "recommendations": [
                {
                    "productId": "milk",
                    "productName": "Milk",
                    "score": Decimal("0.1235"),
                    "reason": 'said "so"',
                    "tags": ["dairy"],
                    "rank": 1,
                    "predictedPurchaseDate": "2026-03-04",
                    "confidence": Decimal("0.7124"),
                    "urgency": "upcoming",
                }
            ],
            "algorithmType": "replenishment",
            "confidence": Decimal("0.7124"),
            "context": "replenishment",
            "generatedAt": "2026-03-01T02:30:00.123Z",
            "expiresAt": "2026-03-08T02:30:00.123Z",
            "ttl": 1772937000,
            "runId": "run-1",
            "status": "active",
        }
        assert len(content_hash) == 64

    def test_a_list_of_no_customer_stays_out_of_the_index(self, shop: Shop) -> None:
        shop.publish(SIMILAR, ANN)
        assert "customerId" not in shop.items()["similar#milk"]
        page = shop.store.query("recommendations", "customerId-generatedAt-index", "ann", now=NOW)
        assert [item["id"] for item in page.items] == ["ann#homepage"]

    @pytest.mark.parametrize(
        ("list_id", "kind", "context"),
        [
            ("similar#milk", "similar", "product_page"),
            ("trending#all", "trending", "homepage"),
            ("seasonal#winter", "seasonal", "homepage"),
            ("popular#all", "popular", "homepage"),
        ],
    )
    def test_each_kind_has_its_context(self, shop: Shop, list_id: str, kind: str, context: str) -> None:
        shop.publish(entries(list_id, kind, "milk", "tea"))
        item = shop.items()[list_id]
        assert (item["algorithmType"], item["context"]) == (kind, context)
        assert [entry["rank"] for entry in item["recommendations"]] == [1, 2]

    def test_a_list_is_as_confident_as_its_items_on_average(self, shop: Shop) -> None:
        rows = homepage("ann", "milk", "tea", "jam")
        for row, confidence in zip(rows, (0.2, 0.3, 0.6), strict=True):
            row["confidence"] = confidence
        shop.publish(rows)
        assert shop.items()["ann#homepage"]["confidence"] == Decimal("0.3666")

    def test_awkward_words_arrive_as_they_were(self, shop: Shop) -> None:
        reason = 'a,","b":null, \\ "urgency":null é 😀\n'
        shop.publish(homepage('a#b, "c":null', "milk", reason=reason, tags=["x,", 'y":null']))
        item = shop.items()['a#b, "c":null#homepage']
        assert item["recommendations"][0]["reason"] == reason
        assert item["recommendations"][0]["tags"] == ["x,", 'y":null']


class TestOnlyWhatDiffers:
    def test_the_first_publish_adds_everything(self, shop: Shop) -> None:
        report = shop.publish(ANN, BOB, SIMILAR)
        assert counts(report) == {"added": 3}
        assert (report.lists, report.compared_with) == (3, "an empty store")
        assert shop.products() == {"ann#homepage": ["milk", "tea"], "bob#homepage": ["tea"], "similar#milk": ["tea"]}

    def test_the_same_again_writes_nothing(self, shop: Shop) -> None:
        first = shop.publish(ANN, BOB)
        before = list(shop.store.scan("recommendations"))
        again = shop.publish(ANN, BOB, now=NOW + DAY)
        assert counts(again) == {"unchanged": 2}
        assert (again.written, again.compared_with) == (0, "the last receipts")
        assert again.receipts_key == first.receipts_key
        assert list(shop.store.scan("recommendations")) == before

    def test_the_same_frames_again_are_not_even_read(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        seen: list[int] = []
        assert counts(shop.publish(ANN, BOB, now=NOW + DAY, progress=seen.append)) == {"unchanged": 2}
        assert seen == []

    def test_changes_additions_and_removals(self, shop: Shop) -> None:
        shop.publish(ANN, BOB, SIMILAR)
        report = shop.publish(homepage("ann", "tea", "milk"), SIMILAR, homepage("cid", "jam"), now=NOW + DAY)
        assert counts(report) == {"added": 1, "changed": 1, "unchanged": 1, "removed": 1}
        assert shop.products() == {"ann#homepage": ["tea", "milk"], "cid#homepage": ["jam"], "similar#milk": ["tea"]}
        assert {key: item["runId"] for key, item in shop.items().items()} == {
            "ann#homepage": "run-2",
            "cid#homepage": "run-2",
            "similar#milk": "run-1",
        }

    def test_no_lists_at_all_empty_the_store(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        assert counts(shop.publish()) == {"removed": 2}
        assert shop.items() == {}

    @pytest.mark.parametrize("rows", [1, 2, 3, 7, 1000])
    def test_pieces_of_any_size_give_the_same_items(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, rows: int
    ) -> None:
        lists = [homepage(f"c{number}", *"abcdef"[: number % 6 + 1]) for number in range(20)]
        shop.publish(*lists)
        monkeypatch.setattr("omnix_cli.services.publishing.list_items._PIECE_ROWS", rows)
        seen: list[int] = []
        assert counts(shop.publish(*lists, SIMILAR, progress=seen.append)) == {"unchanged": 20, "added": 1}
        assert sum(seen) == 21

    def test_receipts_are_sorted_and_say_what_stands(self, shop: Shop) -> None:
        report = shop.publish(BOB, SIMILAR, ANN)
        assert report.receipts_key
        receipts = shop.checkpoints.open(report.receipts_key).frame("receipts").scan().collect()
        assert receipts["list_id"].to_list() == ["ann#homepage", "bob#homepage", "similar#milk"]
        items = shop.items()
        assert receipts["content_hash"].to_list() == [items[key]["contentHash"] for key in receipts["list_id"]]
        assert receipts["expires_at"].unique().to_list() == [datetime(2026, 3, 8, 2, 30, 0, 123000, tzinfo=UTC)]


class TestLifetime:
    def test_a_row_that_does_not_change_is_renewed_in_time(self, shop: Shop) -> None:
        shop.publish(ANN)
        assert counts(shop.publish(ANN, now=NOW + 3.4 * DAY)) == {"unchanged": 1}
        assert counts(shop.publish(ANN, now=NOW + 3.6 * DAY)) == {"refreshed": 1}
        assert counts(shop.publish(ANN, now=NOW + 3.7 * DAY)) == {"unchanged": 1}
        item = shop.items()["ann#homepage"]
        assert (item["generatedAt"], item["runId"]) == ("2026-03-04T16:54:00.123Z", "run-3")
        assert item["ttl"] == int((NOW + 10.6 * DAY).timestamp())

    def test_a_customer_who_comes_every_night_for_a_year_always_finds_the_list(self, shop: Shop) -> None:
        written = 0
        for night in range(60):
            written += shop.publish(ANN, now=NOW + night * DAY).written
            assert shop.store.get("recommendations", "ann#homepage", now=NOW + (night + 1) * DAY)
        assert written == 15

    def test_a_row_that_has_expired_is_written_whole(self, shop: Shop) -> None:
        shop.publish(ANN)
        shop.store.delete_many("recommendations", ["ann#homepage"])  # as the expiry of DynamoDB does
        assert counts(shop.publish(ANN, now=NOW + 8 * DAY)) == {"refreshed": 1}
        assert shop.products() == {"ann#homepage": ["milk", "tea"]}

    def test_a_row_that_went_missing_comes_back_when_it_is_renewed(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        shop.store.delete_many("recommendations", ["ann#homepage"])
        shop.publish(ANN, BOB, now=NOW + 4 * DAY)
        assert shop.products() == {"ann#homepage": ["milk", "tea"], "bob#homepage": ["tea"]}


class TestStatus:
    @pytest.mark.parametrize("later", [1, 4])
    def test_what_the_customer_did_stays_while_the_content_does(self, shop: Shop, later: int) -> None:
        shop.publish(ANN, BOB)
        shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "clicked"}])
        shop.publish(ANN, BOB, now=NOW + later * DAY)
        assert shop.items()["ann#homepage"]["status"] == "clicked"

    def test_new_content_is_active_again(self, shop: Shop) -> None:
        shop.publish(ANN)
        shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "dismissed"}])
        shop.publish(homepage("ann", "jam"), now=NOW + DAY)
        assert shop.items()["ann#homepage"]["status"] == "active"

    def test_it_stays_also_when_the_store_has_to_be_read(self, shop: Shop) -> None:
        shop.publish(ANN)
        shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "purchased"}])
        shop.store.delete_many("recommendations", [CONTROL])
        assert counts(shop.publish(ANN)) == {"unchanged": 1}
        assert shop.items()["ann#homepage"]["status"] == "purchased"


class Killed(BaseException):
    """Stands for the end of the process."""


class DyingStore(SqliteStore):
    """Ends the process at the n-th write, before or after it was done."""

    def __init__(self, path: Path, *, writes: int, done: bool) -> None:
        super().__init__(path)
        self._left = writes
        self._done = done

    def _die_at_last(self, write: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Killed
        result = write()
        if self._left == 0:
            raise Killed
        return result

    def put_many(self, *arguments: Any) -> int:
        return self._die_at_last(lambda: super(DyingStore, self).put_many(*arguments))

    def put_if(self, *arguments: Any, **options: Any) -> bool:
        return self._die_at_last(lambda: super(DyingStore, self).put_if(*arguments, **options))

    def update_many(self, *arguments: Any) -> list[str]:
        return self._die_at_last(lambda: super(DyingStore, self).update_many(*arguments))

    def delete_many(self, *arguments: Any) -> int:
        return self._die_at_last(lambda: super(DyingStore, self).delete_many(*arguments))


class TestAfterACrash:
    OLD = [homepage("ann", "milk"), homepage("bob", "tea"), SIMILAR]
    NEW = [homepage("ann", "jam"), SIMILAR, homepage("cid", "milk")]
    OTHER = [homepage("bob", "tea"), homepage("ann", "milk")]

    @pytest.mark.parametrize("done", [False, True])
    @pytest.mark.parametrize("writes", range(1, 8))
    @pytest.mark.parametrize("then", ["NEW", "OLD", "OTHER"])
    def test_the_next_publish_makes_it_exact_whatever_was_written(
        self, shop: Shop, writes: int, done: bool, then: str
    ) -> None:
        shop.publish(*self.OLD)
        with closing(DyingStore(shop.folder / "store.sqlite", writes=writes, done=done)) as dying:
            try:
                shop.publish(*self.NEW, now=NOW + 4 * DAY, store=dying)
            except Killed:
                finished = False
            else:
                finished = True
        assert finished == (writes == 7), (
            "six writes: the mark, ann, cid, the new lifetime of similar, a removal, the end"
        )
        wanted = {rows[0]["list_id"]: [row["product_id"] for row in rows] for rows in getattr(self, then)}
        shop.publish(*getattr(self, then), now=NOW + 5 * DAY)
        assert shop.products() == wanted
        assert shop.publish(*getattr(self, then), now=NOW + 5 * DAY).written == 0

    def test_it_says_that_the_store_was_read(self, shop: Shop) -> None:
        with closing(DyingStore(shop.folder / "store.sqlite", writes=3, done=True)) as dying, pytest.raises(Killed):
            shop.publish(ANN, BOB, store=dying)
        report = shop.publish(ANN, BOB)
        assert report.compared_with == "the store: the last publish did not finish"
        assert counts(report) == {"unchanged": 2}
        assert shop.publish(ANN, BOB).compared_with == "the last receipts"


class TestElsewhere:
    def test_another_workspace_reads_the_store_and_writes_what_differs(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        shop.checkpoints = ParquetCheckpoints(DiskShelf(shop.folder / "elsewhere"), now=lambda: NOW)
        report = shop.publish(ANN, SIMILAR)
        assert report.compared_with == "the store: the receipts of its last publish are not in this workspace"
        assert counts(report) == {"added": 1, "unchanged": 1, "removed": 1}
        assert shop.publish(ANN, SIMILAR).compared_with == "the last receipts"

    def test_a_store_that_was_deleted_is_filled_again(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        shop.store.close()
        for file in shop.folder.glob("store.sqlite*"):
            file.unlink()
        assert counts(shop.publish(ANN, BOB)) == {"added": 2}

    def test_rows_of_another_service_stay(self, shop: Shop) -> None:
        shop.store.create_tables()
        foreign = {"id": "6f1c", "customerId": "ann", "recommendations": [], "generatedAt": "2026-02-01T00:00:00.000Z"}
        shop.store.put_many("recommendations", [foreign])
        report = shop.publish(ANN)
        assert counts(report) == {"added": 1, "foreign": 1}
        assert shop.items()["6f1c"] == foreign

    def test_while_one_publishes_another_workspace_is_told_to_wait(self, shop: Shop) -> None:
        shop.publish(ANN)
        refused = []

        def meanwhile(_: int) -> None:
            with pytest.raises(LockedError, match="another workspace is publishing") as caught:
                shop.publish(BOB, now=NOW + DAY, holder="there", run_id="another")
            refused.append(caught.value.hint)

        shop.publish(homepage("ann", "jam"), now=NOW + DAY, progress=meanwhile)
        assert refused == ["Try again when it is done."]
        assert shop.products() == {"ann#homepage": ["jam"]}

    def test_a_lease_that_was_left_behind_ends_by_itself(self, shop: Shop) -> None:
        self.kill(shop)
        with pytest.raises(LockedError):
            shop.publish(ANN, now=NOW + timedelta(seconds=59), holder="there")
        shop.publish(ANN, now=NOW + timedelta(seconds=61), holder="there")
        assert shop.products() == {"ann#homepage": ["milk", "tea"]}

    def test_the_workspace_that_was_killed_goes_on_at_once(self, shop: Shop) -> None:
        self.kill(shop)
        shop.publish(ANN)
        assert shop.products() == {"ann#homepage": ["milk", "tea"]}

    def test_a_publisher_that_slept_through_its_lease_writes_no_further(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("omnix_cli.services.publishing.list_items._PIECE_ROWS", 1)
        moments = iter([NOW, NOW])

        def meanwhile(_: int) -> None:
            if not shop.runs > 1:
                shop.publish(BOB, now=NOW + DAY, holder="there")

        late = NOW + 2 * DAY
        with pytest.raises(LockedError, match="took over"):
            shop.publish(
                ANN, homepage("cid", "jam"), clock=lambda: next(moments, late), holder="here", progress=meanwhile
            )
        assert shop.products() == {"bob#homepage": ["tea"]}
        shop.publish(ANN, now=late + DAY)
        assert shop.products() == {"ann#homepage": ["milk", "tea"]}

    def kill(self, shop: Shop) -> None:
        with closing(DyingStore(shop.folder / "store.sqlite", writes=2, done=True)) as dying, pytest.raises(Killed):
            shop.publish(BOB, store=dying)


class TestVerification:
    def spoil(self, shop: Shop) -> None:
        """Another hand in the store while the publish goes on."""
        item = next(item for item in shop.store.scan("recommendations") if item["id"] == "bob#homepage")
        shop.store.put_many("recommendations", [{**item, "recommendations": []}])

    def test_all_items_are_read_back(self, shop: Shop) -> None:
        report = shop.publish(ANN, BOB, SIMILAR)
        assert report.verification is not None
        assert report.verification.said == "all 3 items read back and equal"
        assert report.incomplete == ""

    def test_a_sample_says_how_sure_it_makes(self, shop: Shop) -> None:
        pages = [homepage(f"c{number:03d}", "milk") for number in range(150)]
        settings = SETTINGS.model_copy(update={"verify_items": 60})
        report = shop.publish(*pages, settings=settings)
        assert report.verification is not None
        assert report.verification.said == (
            "60 of 150 items read back and equal: with 95 % confidence under 5.0% differ"
        )

    def test_a_list_by_itself_has_the_content_it_has_among_others(self, shop: Shop) -> None:
        frame = stored(
            "recommendations",
            *(homepage(f"c{number:04d}", "milk", "tea", confidence=number / 10_000) for number in range(2_000)),
        )
        together = pl.concat(lists(frame))
        for list_id, content in together.select("list_id", "content").gather_every(37).iter_rows():
            assert some_lists(frame, pl.Series([list_id]))["content"].to_list() == [content]

    def test_what_differs_is_named_and_mended_by_the_next(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        report = shop.publish(ANN, BOB, SIMILAR, progress=lambda _: self.spoil(shop))
        assert report.incomplete == "1 of 3 items differ: bob#homepage"
        again = shop.publish(ANN, BOB, SIMILAR)
        assert again.compared_with == "the store: the last publish did not finish"

    def test_it_can_be_left_out(self, shop: Shop) -> None:
        settings = SETTINGS.model_copy(update={"verify": "none"})
        assert shop.publish(ANN, settings=settings).verification is None


class TestCost:
    def test_units_count_the_table_and_the_index(self, shop: Shop) -> None:
        assert shop.publish(ANN, SIMILAR).units == 3
        report = shop.publish(
            ANN, SIMILAR, homepage("bob", *(f"product-{number:02d}" for number in range(20)), score=0.5)
        )
        size = max(len(str(item)) for item in shop.store.scan("recommendations"))
        assert size > 1500
        assert (report.units, report.units_saved) == (2 * -(-size // 1024), 3)
        assert report.cost(0.5) == {
            "write_units": report.units,
            "write_units_saved": 3,
            "cost_usd": round(report.units * 5e-7, 4),
            "cost_saved_usd": 0.0,
        }


class RefusingStore(SqliteStore):
    """Refuses the items of bob."""

    def put_many(self, table: str, items: Any) -> int:
        items = list(as_dictionaries(items))
        refused = tuple(item["id"] for item in items if item["id"].startswith("bob"))
        done = super().put_many(table, (item for item in items if item["id"] not in refused))
        if refused:
            raise ItemsRefused("too large", keys=refused)
        return done


class TestRefusedItems:
    def test_all_others_are_published(self, shop: Shop) -> None:
        with closing(RefusingStore(shop.folder / "store.sqlite")) as store:
            report = shop.publish(ANN, BOB, SIMILAR, store=store)
        assert report.refused == 1
        assert report.incomplete == "the store refused 1 items"
        assert shop.products() == {"ann#homepage": ["milk", "tea"], "similar#milk": ["tea"]}
        assert counts(shop.publish(ANN, BOB, SIMILAR, now=NOW + DAY)) == {"added": 1, "unchanged": 2}


class LimitedStore(SqliteStore):
    def write_limit(self, table: str) -> WriteLimit:
        return WriteLimit(1200.0, "30 % of the warm throughput of the table, 4,000")


class TestDryRun:
    def test_says_how_fast_it_would_write(self, shop: Shop) -> None:
        said = "at most 1,200 write units a second (30 % of the warm throughput of the table, 4,000)"
        with closing(LimitedStore(shop.folder / "store.sqlite")) as store:
            assert shop.publish(ANN, store=store, dry_run=True).findings == ()  # there is no table yet
            assert said not in shop.publish(ANN, store=store).findings
            assert shop.publish(ANN, store=store, dry_run=True).findings == (said,)

    def test_says_what_would_be_done_and_touches_nothing(self, shop: Shop) -> None:
        shop.publish(ANN, BOB)
        before = list(shop.store.scan("recommendations"))
        report = shop.publish(homepage("ann", "jam"), SIMILAR, now=NOW + DAY, dry_run=True)
        assert counts(report) == {"added": 1, "changed": 1, "removed": 1}
        assert report.dry_run
        assert list(shop.store.scan("recommendations")) == before
        assert len(list(shop.checkpoints.manifests())) == 1

    def test_makes_no_store(self, shop: Shop) -> None:
        assert counts(shop.publish(ANN, dry_run=True)) == {"added": 1}
        assert list(shop.folder.iterdir()) == []
