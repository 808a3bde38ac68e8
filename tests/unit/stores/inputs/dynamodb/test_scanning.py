"""Scans of whole tables: whole, once, and going on where they stopped."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError, UnavailableError
from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Retries, Service
from omnix_cli.stores.inputs.dynamodb.scanned_table import scanned
from omnix_cli.stores.inputs.dynamodb.scanning import PageLog, TableScan, page_end
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.scanned_pages import PagedTable

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
THROTTLED = ServiceError("ProvisionedThroughputExceededException", "slower", 400)
DOWN = ServiceError("InternalServerError", "down", 500)
ITEMS = [{"id": f"i{number:03}", "quantity": number} for number in range(40)]


def scan(table: PagedTable, folder: Path, *, attempts: int = 3, now: datetime = NOW, **options: Any) -> TableScan:
    retries = Retries(attempts=attempts, random=random.Random(1), sleep=lambda seconds: None)
    options = {"sleep": lambda seconds: None, **options}
    return TableScan(Service(table, retries), "purchases", folder / "scan", lambda: now, **options)


def ids(work: TableScan) -> list[str]:
    pages = [orjson.loads(page) for log in work.run() for page in log.pages()]
    return [item["id"]["S"] for page in pages for item in page["Items"]]


@pytest.mark.parametrize("segments", [1, 4, 7])
def test_every_item_is_read_once(tmp_path: Path, segments: int) -> None:
    work = scan(PagedTable(ITEMS), tmp_path, segments=segments)
    assert sorted(ids(work)) == [item["id"] for item in ITEMS]
    assert work.items == len(ITEMS)


def test_throttled_and_failed_pages_are_read_again(tmp_path: Path) -> None:
    table = PagedTable(ITEMS)
    table.failures = itertools.cycle([THROTTLED, None, DOWN, ServiceError("ConnectionError", "gone", 0), None])
    assert sorted(ids(scan(table, tmp_path, attempts=10, segments=3))) == [item["id"] for item in ITEMS]
    assert max(Counter(table.starts).values()) == 1


def test_a_scan_goes_on_behind_the_pages_it_has(tmp_path: Path) -> None:
    table = PagedTable(ITEMS)
    table.failures = itertools.chain(itertools.repeat(None, 6), itertools.repeat(DOWN))
    with pytest.raises(UnavailableError, match="InternalServerError"):
        scan(table, tmp_path, segments=2).run()
    table.failures = iter(())
    said: list[str] = []
    again = scan(table, tmp_path, segments=9, say=said.append)
    assert sorted(ids(again)) == [item["id"] for item in ITEMS]
    assert max(Counter(table.starts).values()) == 1  # no page twice, also since the 2 segments of the first run hold
    assert "resuming" in said[0] and again.items < len(ITEMS)


def test_a_finished_scan_is_not_read_again_before_it_is_taken_in(tmp_path: Path) -> None:
    table = PagedTable(ITEMS)
    scan(table, tmp_path).run()
    read = len(table.starts)
    assert len(ids(scan(table, tmp_path))) == len(ITEMS)
    assert len(table.starts) == read


@pytest.mark.parametrize("change", ["another table", "a day later"])
def test_a_scan_of_another_table_or_day_is_begun_anew(tmp_path: Path, change: str) -> None:
    table = PagedTable(ITEMS)
    scan(table, tmp_path).run()
    table.items = table.items[:5]
    now = NOW
    if change == "another table":
        table.table_id = "second"
    else:
        now += timedelta(hours=25)
    assert len(ids(scan(table, tmp_path, now=now))) == 5


def test_what_was_read_is_kept_for_an_interrupted_import_only(tmp_path: Path) -> None:
    for error, kept in ((UnavailableError("disk full"), True), (DataError("too many bad rows"), False)):
        work = scan(PagedTable(ITEMS), tmp_path)
        with pytest.raises(type(error)), scanned(work):
            raise error
        assert work.folder.exists() == kept
    with scanned(work) as source:
        assert source.find([]) == ["dynamodb:purchases"]
    assert not work.folder.exists()


def test_read_units_are_paced(tmp_path: Path) -> None:
    waits: list[float] = []
    work = scan(PagedTable(ITEMS, page_items=10), tmp_path, segments=1, max_units=64.0, sleep=waits.append)
    work.run()
    assert work.units == 4 * 128
    assert [round(wait) for wait in waits] == [2, 4, 6]  # 2 seconds a page, the first one at once


def test_a_page_that_is_no_json_is_asked_for_again(tmp_path: Path) -> None:
    class Behind(PagedTable):
        def raw(self, operation: str, request: Any) -> bytes:
            page = super().raw(operation, request)
            return b"<html>" if operation == "Scan" and len(self.starts) % 2 else page

    assert ids(scan(Behind(ITEMS), tmp_path, segments=1)) == [item["id"] for item in ITEMS]


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    class Nowhere(PagedTable):
        def raw(self, operation: str, request: Any) -> bytes:
            raise ServiceError("ResourceNotFoundException", "", 400)

    with pytest.raises(ConfigError, match="does not exist"):
        scan(Nowhere([]), tmp_path).run()


def test_expired_items_are_left_out_and_told(tmp_path: Path) -> None:
    ttl = {"a": int(NOW.timestamp()), "b": int(NOW.timestamp()) + 1}
    items = [{"id": name, "customerId": "c", "ttl": seconds} for name, seconds in ttl.items()]
    work = scan(PagedTable([*items, {"id": "c"}]), tmp_path)
    with scanned(work) as source, source.open("t", load_mapping("interactions")) as opened:
        chunks = [chunk.rows for chunk in opened.chunks() if chunk.rows.height]
        assert sorted(key for rows in chunks for key in rows["id"]) == ["b", "c"]
        assert opened.findings["expired"] == "1 left out"


def test_pages_of_other_types_than_the_first_are_read_whole(tmp_path: Path) -> None:
    kinds: list[Any] = [5, "five", Decimal("5.0"), True, [5], {"n": 5}, {5}, b"5", None]
    texts = ["5", "five", "5.0", "true", "[5]", '{"n":5}', "[5]", '"NQ=="', None]
    items = [{"id": f"i{number:03}", "quantity": 1} for number in range(3)]
    items += [{"id": f"j{number:03}", "quantity": kinds[number % len(kinds)]} for number in range(200)]
    items += [{"id": f"k{number:03}", "review": "late"} for number in range(5)]
    work = scan(PagedTable(items), tmp_path, segments=1)
    with scanned(work) as source, source.open("t", load_mapping("purchases")) as opened:
        rows = pl.concat([chunk.rows for chunk in opened.chunks()], how="diagonal")
        assert opened.fingerprint() == source.fingerprint("t")
    assert rows["id"].to_list() == [item["id"] for item in items]
    assert rows["_row_number"].to_list() == list(range(1, len(items) + 1))
    later = [texts[number % len(texts)] for number in range(200)]
    assert rows["quantity"].to_list() == ["1"] * 3 + later + [None] * 5
    assert rows["review"].to_list() == [None] * 203 + ["late"] * 5


def test_tables_with_other_items_have_another_fingerprint(tmp_path: Path) -> None:
    def fingerprint(items: list[dict[str, Any]]) -> str:
        with scanned(scan(PagedTable(items), tmp_path)) as source:
            return source.fingerprint("t")

    assert fingerprint(ITEMS) == fingerprint(ITEMS) != fingerprint(ITEMS[:-1])


pages = st.lists(st.binary(max_size=40), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(pages, st.data())
def test_a_log_that_was_cut_off_keeps_its_whole_pages(written: list[bytes], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pages"
        log, ends = PageLog(path), [0]
        for page in written:
            log.append(page)
            ends.append(path.stat().st_size)
        cut = data.draw(st.integers(0, ends[-1]))
        path.write_bytes(path.read_bytes()[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert log.recover() == written[:whole][-1:]
        log.append(b"next")
        assert list(log.pages()) == [*written[:whole], b"next"]


@pytest.mark.parametrize("place", range(-1, 12))
def test_a_damaged_page_is_never_used(tmp_path: Path, place: int) -> None:
    log = PageLog(tmp_path / "pages")
    log.append(b"one page")
    content = bytearray((tmp_path / "pages").read_bytes())
    content[place] ^= 1
    (tmp_path / "pages").write_bytes(content)
    with pytest.raises(CorruptCheckpoint):
        list(log.pages())


names = st.sampled_from(["id", "LastEvaluatedKey", "Count", "ConsumedCapacity", "x"])
tagged = st.recursive(
    st.fixed_dictionaries({"S": st.text(max_size=5) | st.just('"LastEvaluatedKey":{"id":{"S":"no"}}')})
    | st.just({"N": "1"}),
    lambda inner: st.fixed_dictionaries({"M": st.dictionaries(names, inner, max_size=2)}),
    max_leaves=4,
)


@given(
    st.lists(st.dictionaries(names, tagged, max_size=3), max_size=3),
    st.none() | st.text(max_size=6),
    st.permutations(["Items", "Count", "LastEvaluatedKey", "ConsumedCapacity"]),
)
def test_the_end_of_a_page_is_found_in_its_text(items: list[Any], last: str | None, order: list[str]) -> None:
    answer = {"Items": items, "Count": len(items), "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 12.5}}
    if last is not None:
        answer["LastEvaluatedKey"] = {"id": {"S": last}}
    end = page_end(orjson.dumps({name: answer[name] for name in order if name in answer}))
    assert (end.position, end.items, end.units) == (answer.get("LastEvaluatedKey"), len(items), 12.5)


STRANGE = [b"{}", b'{"Count":3}', b'{"Items":{},"Count":0}', b'{"Items":[],"LastEvaluatedKey":{}', b"", b"[]"]


@pytest.mark.parametrize("page", STRANGE)
def test_a_page_that_dynamodb_never_sends_is_asked_for_again(tmp_path: Path, page: bytes) -> None:
    table, strange = PagedTable(ITEMS), [page, page]
    send = table.raw

    def raw(operation: str, request: Any) -> bytes:
        return strange.pop() if strange and operation == "Scan" else send(operation, request)

    table.raw = raw  # type: ignore[method-assign]
    assert sorted(ids(scan(table, tmp_path, segments=1))) == [item["id"] for item in ITEMS]
    assert strange == []


@pytest.mark.parametrize("end", [b"{}", b"null"])
def test_an_empty_key_is_the_end(end: bytes) -> None:
    assert page_end(b'{"Items":[],"Count":0,"LastEvaluatedKey":%b}' % end).position is None


def test_pages_are_for_their_owner_only(tmp_path: Path) -> None:
    scan(PagedTable(ITEMS), tmp_path).run()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "scan").iterdir()} == {0}
