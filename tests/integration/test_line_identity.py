"""Which rows are the same line: one line never takes the place of another, and nothing counts twice."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportReport
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import assert_conserved, current_rows, importer, write

H = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
RETURNS = {"returns": {"negative_quantity": True}}


class Shop:
    """A workspace into which files of some lines are imported."""

    def __init__(self, folder: Path, *, header: str = H, sizes: dict[str, int] | None = None, **mapping: Any) -> None:
        self.folder, self.header, self.files = folder, header, 0
        self.work = importer(folder / "work", max_bad=1, **(sizes or {}))
        self.mapping = mapping

    def file(self, *lines: str, header: str | None = None) -> Path:
        self.files += 1
        return write(self.folder / f"{self.files:02}.csv", lines, header or self.header)

    def add(self, *files: Path, **mapping: Any) -> ImportReport:
        """Imports files at once."""
        how = parse_mapping("purchases", {**self.mapping, **mapping}, where="test")
        report = import_files(self.work, [str(file) for file in files], how)
        assert_conserved(report)
        return report

    def stands(self, *columns: str) -> Counter[Any]:
        """The lines that are not cancelled, by these columns (by default product, quantity and price, by kind)."""
        rows = current_rows(self.work)
        names = columns or ("product_id", "quantity", "kind")
        return Counter(rows.filter(rows["kind"] != "cancelled").select(names).rows())


def found(report: ImportReport) -> dict[str, int]:
    return {finding.code: finding.rows for finding in report.findings}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, **RETURNS)


SALE = "C7,beer,R-100,2019-03-01 10:00,3,6.00"
BACK = ["C7,beer,R-100,2019-03-03 16:00,-1,-2.00", "C7,beer,R-100,2019-03-05 16:00,-1,-2.00"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False])
def test_returns_never_replace_the_sale_or_one_another(shop: Shop, order: tuple[int, ...], at_once: bool) -> None:
    files = [shop.file(line) for line in (SALE, *BACK)]
    files = [files[number] for number in order]
    for some in [files] if at_once else [[file] for file in files]:
        assert not found(shop.add(*some))
    wanted = Counter({("beer", 3.0, "purchase"): 1, ("beer", 1.0, "return"): 2})
    assert shop.stands() == wanted
    shop.add(shop.file(SALE, *BACK))
    assert shop.stands() == wanted


def test_returns_of_one_file_stand_beside_the_sale(shop: Shop) -> None:
    shop.add(shop.file(SALE, *BACK))
    assert shop.stands() == {("beer", 3.0, "purchase"): 1, ("beer", 1.0, "return"): 2}


@pytest.mark.parametrize("at_once", [True, False])
def test_receipt_numbers_that_start_again_every_day_or_in_every_shop(tmp_path: Path, at_once: bool) -> None:
    shop = Shop(tmp_path, header=f"{H},store_location")
    files = [
        shop.file("A,milk,0017,2019-03-04 10:00,1,1,north", "A,tea,0018,2019-03-04 11:00,1,1,north"),
        shop.file("A,milk,0017,2019-03-05 10:00,1,1,north"),
        shop.file("A,milk,0017,2019-03-04 10:00,1,1,south"),
    ]
    reports = [shop.add(*some) for some in ([files] if at_once else [[file] for file in files])]
    assert sum(report.corrected for report in reports) == 0
    assert shop.stands("product_id") == {("milk",): 3, ("tea",): 1}
    assert found(reports[0]).get("order_on_several_days") == (1 if at_once else None)


def test_an_order_cut_over_two_pages(shop: Shop) -> None:
    pages = [shop.file("C9,milk,O-9,2019-03-01 10:00,1,1.20"), shop.file("C9,milk,O-9,2019-03-01 10:00,2,2.40")]
    report = shop.add(*pages)
    assert shop.stands() == {("milk", 1.0, "purchase"): 1, ("milk", 2.0, "purchase"): 1}
    assert found(report) == {"joined_at_cut": 1}
    assert shop.add(shop.file("C9,milk,O-9,2019-03-01 10:00,1,1.20", "C9,milk,O-9,2019-03-01 10:00,2,2.40")).known == 2


PAGES = [
    ["A,tea,O-1,2019-03-01 10:00,1,1", "A,milk,O-2,2019-03-01 11:00,1,1"],
    ["A,milk,O-2,2019-03-01 11:00,2,2"],
    ["A,milk,O-2,2019-03-01 11:00,3,3", "A,tea,O-2,2019-03-01 11:00,1,1", "B,tea,O-3,2019-03-01 12:00,1,1"],
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("before", [False, True])
def test_an_order_cut_over_three_pages_in_any_order(shop: Shop, order: tuple[int, ...], before: bool) -> None:
    if before:
        shop.add(shop.file("A,milk,O-2,2019-03-01 11:00,1,1", "A,milk,O-2,2019-03-01 11:00,2,2"))
    files = [shop.file(*page) for page in PAGES]
    shop.add(*(files[number] for number in order))
    assert shop.stands("order_id", "product_id", "quantity") == {
        ("O-1", "tea", 1.0): 1,
        ("O-2", "milk", 1.0): 1,
        ("O-2", "milk", 2.0): 1,
        ("O-2", "milk", 3.0): 1,
        ("O-2", "tea", 1.0): 1,
        ("O-3", "tea", 1.0): 1,
    }


def test_equal_lines_at_a_cut_count_once_and_are_told(shop: Shop) -> None:
    line = "A,milk,O-2,2019-03-01 11:00,1,1"
    report = shop.add(
        shop.file("A,tea,O-1,2019-03-01 10:00,1,1", line), shop.file(line, "A,tea,O-3,2019-03-01 12:00,1,1")
    )
    assert shop.stands("product_id") == {("milk",): 1, ("tea",): 2}
    assert found(report)["equal_at_cut"] == 1


def test_a_setting_replaces_instead_of_joining(tmp_path: Path) -> None:
    shop = Shop(tmp_path, sizes={"cut_orders": "replace"})  # type: ignore[dict-item]
    report = shop.add(shop.file("C9,milk,O-9,2019-03-01,1,1.20"), shop.file("C9,milk,O-9,2019-03-01,2,2.40"))
    assert shop.stands() == {("milk", 2.0, "purchase"): 1}
    assert found(report) == {"corrected": 1}


@pytest.mark.parametrize("placeholder", ["0", "000000", "-", "-1", "n/a", "NONE", "Unknown", "R-1"])
@pytest.mark.parametrize("at_once", [True, False])
def test_subscriptions_and_placeholders(shop: Shop, placeholder: str, at_once: bool) -> None:
    months = [f"A,milk,{placeholder},2019-0{month}-01 10:00,1,1" for month in range(1, 5)]
    files = [shop.file(line) for line in months]
    reports = [shop.add(*some) for some in ([files] if at_once else [[file] for file in files])]
    assert shop.stands("product_id") == {("milk",): 4}
    told = sum(found(report).get("placeholders", 0) for report in reports)
    assert told == (0 if placeholder == "R-1" else 4)
    assert shop.stands("order_id") == {(None if told else "R-1",): 4}
    shop.add(shop.file(*months))
    assert shop.stands("product_id") == {("milk",): 4}


def test_placeholders_at_one_time_are_different_lines(shop: Shop) -> None:
    for customer in ("A", "B"):
        shop.add(shop.file(f"{customer},milk,0,2019-03-01 10:00,1,1"))
    shop.add(shop.file("A,milk,0,2019-03-01 10:00,2,2"))
    assert shop.stands("customer_id", "quantity") == {("A", 1.0): 1, ("B", 1.0): 1, ("A", 2.0): 1}


def test_two_tills_in_one_minute(shop: Shop) -> None:
    shop.add(shop.file("A,milk,,2019-03-01 10:00,1,1", "A,milk,,2019-03-01 10:00,1,1"))
    shop.add(shop.file("A,milk,,2019-03-01 10:00,2,2"))
    wanted = {("milk", 1.0, "purchase"): 2, ("milk", 2.0, "purchase"): 1}
    assert shop.stands() == wanted
    report = shop.add(shop.file("A,milk,,2019-03-01 10:00,2,2", "A,milk,,2019-03-01 10:00,1,1"))
    assert (report.known, report.accepted) == (2, 0)
    assert shop.stands() == wanted


@pytest.mark.parametrize("product", ["milk", "tea"])
def test_a_guest_who_becomes_a_customer_takes_the_order_along(shop: Shop, product: str) -> None:
    shop.add(shop.file("guest-8842,milk,O-5,2019-03-01 10:00,1,1", f"guest-8842,{product},O-5,2019-03-01 10:00,2,2"))
    report = shop.add(shop.file("C7,milk,O-5,2019-03-01 10:00,1,1", f"C7,{product},O-5,2019-03-01 10:00,2,2"))
    assert shop.stands("customer_id") == {("C7",): 2}
    assert report.corrected == 2
    assert found(report)["moved"] == (1 if product == "milk" else 2)


@pytest.mark.parametrize("turned", [False, True])
def test_two_receipts_with_one_number_on_one_day(shop: Shop, turned: bool) -> None:
    files = [shop.file("A,milk,17,2019-03-01 09:00,1,1"), shop.file("B,milk,17,2019-03-01 15:00,1,1")]
    reports = [shop.add(file) for file in (reversed(files) if turned else files)]
    assert shop.stands("customer_id") == {("A",): 1, ("B",): 1}
    assert found(reports[1]) == {"two_receipts": 1}


def test_an_overlap_that_cuts_an_order_takes_nothing_away(shop: Shop) -> None:
    lines = [f"A,milk,O-2,2019-03-01 11:00,{number},1" for number in (1, 2, 3)]
    shop.add(shop.file("A,tea,O-1,2019-03-01 10:00,1,1", *lines, "A,tea,O-3,2019-03-01 12:00,1,1"))
    for part in (lines[1:], ["A,tea,O-0,2019-03-01 10:00,1,1", lines[0]]):
        assert shop.add(shop.file(*part)).corrected == 0
    assert shop.stands("product_id") == {("milk",): 3, ("tea",): 3}


STATUS = f"{H},status"
CANCELS = {"cancelled": {"status": ["CANCELLED", "voided"]}}


def log(*events: str) -> list[str]:
    return [f"A,milk,O-1,2019-03-01 10:00,1,1,{event}" for event in events]


@pytest.mark.parametrize("at_once", ["file", "import", "imports"])
@pytest.mark.parametrize(
    ("events", "stands"),
    [
        (["completed"], 1),
        (["completed", "CANCELLED"], 0),
        (["completed", "Voided"], 0),
        (["CANCELLED"], 0),
        (["completed", "cancelled", "completed"], 1),
        (["completed", "cancelled", "cancelled"], 0),
        (["completed", "cancelled", "completed", "cancelled"], 0),
        (["cancelled", "completed"], 1),
    ],
)
def test_cancellations_in_order(tmp_path: Path, at_once: str, events: list[str], stands: int) -> None:
    shop = Shop(tmp_path, header=STATUS, sizes={"cut_orders": "replace"}, **CANCELS)  # type: ignore[dict-item]
    if at_once == "file":
        shop.add(shop.file(*log(*events)))
    else:
        files = [shop.file(line) for line in log(*events)]
        for some in [files] if at_once == "import" else [[file] for file in files]:
            shop.add(*some)
    assert sum(shop.stands().values()) == stands
    assert current_rows(shop.work).height == 1


def test_a_cancelled_line_takes_out_an_equal_one_only(tmp_path: Path) -> None:
    shop = Shop(tmp_path, header=STATUS, **CANCELS)
    shop.add(shop.file("A,milk,O-1,2019-03-01 10:00,1,1,ok", "A,milk,O-1,2019-03-01 10:00,2,2,ok"))
    shop.add(shop.file("A,milk,O-1,2019-03-01 10:00,1,1,cancelled"))
    assert shop.stands() == {("milk", 2.0, "purchase"): 1}


def test_orders_that_a_rule_sets_aside_later_no_longer_stand(tmp_path: Path) -> None:
    rule = {"column": "status", "values": ["voided", "refunded"], "reason": "void"}
    shop = Shop(tmp_path, header=STATUS, set_aside=[rule])
    paid = "A,milk,{0},2019-03-01 10:00,1,1,paid"
    shop.add(shop.file(*(paid.format(order) for order in ("o1", "o2", "o3"))))
    report = shop.add(shop.file(*(paid.format(order).replace("paid", "VOIDED") for order in ("o1", "o9"))))
    assert shop.stands("order_id") == {("o2",): 1, ("o3",): 1}
    assert (report.expected, found(report)) == (2, {"withdrawn": 1})
    shop.add(shop.file(paid.format("o2"), paid.format("o2").replace("paid", "refunded"), paid.format("o4")))
    assert shop.stands("order_id") == {("o3",): 1, ("o4",): 1}
    shop.add(shop.file(paid.format("o1")))
    assert shop.stands("order_id") == {("o1",): 1, ("o3",): 1, ("o4",): 1}


class TestDocuments:
    """Order documents: the latest one about an order counts."""

    def order(self, number: str, *products: str, status: str = "completed") -> bytes:
        items = [{"productId": product, "quantity": 1, "unitPrice": 1, "totalPrice": 1} for product in products]
        order = {"id": number, "customerId": "c", "orderDate": "2020-05-01T10:00:00Z", "status": status}
        return orjson.dumps({**order, "items": items})

    def stands(self, folder: Path, *files: list[bytes], at_once: bool = False) -> dict[str, list[str]]:
        work = importer(folder / "work", max_bad=0)
        paths = []
        for number, documents in enumerate(files):
            paths.append(folder / f"{number}.ndjson")
            paths[-1].write_bytes(b"\n".join(documents) + b"\n")
        for some in [paths] if at_once else [[path] for path in paths]:
            assert_conserved(import_files(work, [str(path) for path in some], load_mapping("orders")))
        rows = current_rows(work)
        standing = rows.filter(rows["kind"] == "purchase").sort("product_id")
        return {
            order: standing.filter(order_id=order)["product_id"].to_list() for order in sorted({*standing["order_id"]})
        }

    @pytest.mark.parametrize("at_once", [True, False])
    def test_a_later_document_replaces_the_whole_order(self, tmp_path: Path, at_once: bool) -> None:
        first = [self.order("o1", "milk", "tea"), self.order("o2", "milk")]
        assert self.stands(tmp_path, first, [self.order("o1", "milk")], at_once=at_once) == {
            "o1": ["milk"],
            "o2": ["milk"],
        }

    def test_also_within_a_file(self, tmp_path: Path) -> None:
        documents = [self.order("o1", "milk", "tea"), self.order("o2", "milk", "milk"), self.order("o1", "jam")]
        assert self.stands(tmp_path, documents) == {"o1": ["jam"], "o2": ["milk", "milk"]}

    def test_a_document_without_items_and_a_cancelled_one_leave_nothing(self, tmp_path: Path) -> None:
        first = [self.order(f"o{number}", "milk", "tea") for number in (1, 2, 3)]
        empty, cancelled = self.order("o1"), self.order("o2", "milk", "tea", status="cancelled")
        assert self.stands(tmp_path, first, [empty], [cancelled]) == {"o3": ["milk", "tea"]}
        (tmp_path / "one").mkdir()
        assert self.stands(tmp_path / "one", [*first, empty, cancelled]) == {"o3": ["milk", "tea"]}

    def test_a_pending_one_no_longer_stands(self, tmp_path: Path) -> None:
        first = [self.order("o1", "milk", "tea"), self.order("o2", "milk")]
        assert self.stands(tmp_path, first, [self.order("o1", "milk", "tea", status="refunded")]) == {"o2": ["milk"]}


def test_rows_of_files_that_always_have_whole_orders(tmp_path: Path) -> None:
    shop = Shop(tmp_path, whole_orders=True)
    shop.add(shop.file("A,milk,o1,2019-03-01,1,1", "A,tea,o1,2019-03-01,1,1", "A,tea,o2,2019-03-01,1,1"))
    report = shop.add(shop.file("A,milk,o1,2019-03-01,1,1"))
    assert shop.stands("order_id", "product_id") == {("o1", "milk"): 1, ("o2", "tea"): 1}
    assert found(report) == {"withdrawn": 1}


class TestReadAgain:
    """The same file read in another way replaces what it gave before."""

    def test_a_later_rule_withdraws(self, shop: Shop) -> None:
        file = shop.file("A,milk,o1,2019-03-01,1,1", "A,POST,o1,2019-03-01,1,1")
        shop.add(file)
        report = shop.add(file, set_aside=[{"column": "product_id", "values": ["POST"], "reason": "postage"}])
        assert shop.stands("product_id") == {("milk",): 1}
        assert found(report) == {"withdrawn": 1}

    @pytest.mark.parametrize("order", ["o1", ""])
    def test_another_value_replaces(self, shop: Shop, order: str) -> None:
        file = shop.file(f"A,old,{order},2019-03-01,1,1", f"A,milk,{order},2019-03-01,1,1")
        shop.add(file)
        shop.add(file, values={"product_id": {"old": "new"}})
        assert shop.stands("product_id") == {("milk",): 1, ("new",): 1}
        shop.add(file)
        assert shop.stands("product_id") == {("milk",): 1, ("old",): 1}

    @pytest.mark.parametrize("order", ["o1", ""])
    def test_a_corrected_time_zone_replaces(self, shop: Shop, order: str) -> None:
        lines = [f"A,milk,{order},2019-03-01 23:30,1,1", f"A,milk,{order},2019-03-02 00:10,1,1"]
        shop.add(shop.file(*lines))
        for zone in ("Europe/Paris", "America/New_York"):
            shop.add(shop.file(*lines, "B,tea,o2,2019-03-03,1,1"), timezone=zone)
            assert shop.stands("product_id") == {("milk",): 2, ("tea",): 1}

    def test_only_some_files(self, shop: Shop) -> None:
        files = [shop.file("A,old,o1,2019-03-01,1,1"), shop.file("A,tea,o2,2019-03-01,1,1")]
        shop.add(*files)
        report = shop.add(files[0], values={"product_id": {"old": "new"}})
        assert any("read all of them again" in note for note in report.notes)


def test_the_newest_statement_counts_whatever_the_order_of_files(tmp_path: Path) -> None:
    shop = Shop(tmp_path, header=f"{H},updated", columns={"changed_at": "updated"})
    old = shop.file("A,milk,o1,2019-03-01,1,1,2019-03-01 10:00", "A,tea,o2,2019-03-01,1,1,2019-03-01 10:00")
    new = shop.file(
        "A,jam,o3,2019-03-01,1,1,2019-03-01 10:00",
        "A,milk,o1,2019-03-01,2,2,2019-03-02 10:00",
        "A,jam,o4,2019-03-01,1,1,2019-03-01 10:00",
    )
    shop.add(new, old)
    assert shop.stands("order_id", "quantity")[("o1", 2.0)] == 1
    assert shop.stands("order_id")[("o1",)] == 1


def test_the_same_file_under_two_names(shop: Shop) -> None:
    lines = ["A,milk,o1,2019-03-01,1,1", "A,milk,o1,2019-03-01,1,1", "A,milk,,2019-03-01,1,1"]
    report = shop.add(shop.file(*lines), shop.file(*lines))
    assert (report.accepted, report.known) == (3, 3)
    assert shop.stands("product_id") == {("milk",): 3}


def test_money_stays_exact_when_lines_are_numbered(shop: Shop) -> None:
    shop.add(shop.file(*["A,milk,o1,2019-03-01,1,1.10"] * 50))
    rows = current_rows(shop.work)
    assert rows["total_price"].sum() == Decimal("55.00")
    assert rows["purchase_id"].n_unique() == 50


def test_a_few_rows_beside_many_stored_ones(shop: Shop) -> None:
    lines = [f"A,milk,O-{number},2019-03-01,1,1" for number in range(40)]
    shop.add(shop.file(*lines, *lines))
    report = shop.add(shop.file(*lines[:1], *lines[:3]))
    assert (report.known, report.accepted) == (4, 0)
