"""Orders that are cut between files, cancelled line by line, numbered, or exported whole: the lines that stand."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from tests.importing import assert_conserved, current_rows, importer
from tests.integration.test_line_identity import CANCELS, RETURNS, STATUS, H, Shop, found

TWO = ["A,milk,O-1,2019-03-01 10:00,1,1,ok", "A,milk,O-1,2019-03-01 10:00,2,2,ok"]
CANCELLED = "A,milk,O-1,2019-03-01 10:00,1,1,cancelled"
OTHER = "B,tea,O-{},2019-03-01 10:00,1,1,ok"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, header=STATUS, **CANCELS)


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancellation_that_comes_again_takes_out_nothing_more(shop: Shop, times: int) -> None:
    shop.add(shop.file(*TWO, *(TWO[:1] * (times - 1))))
    for number in range(3):
        report = shop.add(shop.file(CANCELLED, OTHER.format(number)))
        assert report.known == (1 if number else 0)
        assert shop.stands("quantity", "product_id")[1.0, "milk"] == times - 1
        assert shop.stands("quantity", "product_id")[2.0, "milk"] == 1


def test_an_order_that_was_edited_and_then_cancelled_does_not_stand(shop: Shop) -> None:
    shop.add(shop.file(*TWO))
    shop.add(shop.file(CANCELLED.replace(",1,1,", ",3,3,"), CANCELLED))
    assert not shop.stands()


def test_all_lines_of_a_cancelled_order_are_known_when_they_come_again(shop: Shop) -> None:
    cancelled = [CANCELLED, CANCELLED.replace(",1,1,", ",2,2,")]
    shop.add(shop.file(*TWO))
    shop.add(shop.file(*cancelled))
    shop.add(shop.file(OTHER.format(2)))
    assert shop.add(shop.file(*cancelled, OTHER.format(2))).known == 3


@pytest.mark.parametrize("order", ["O-1", ""])
def test_of_two_equal_lines_one_is_cancelled_in_a_longer_log(shop: Shop, order: str) -> None:
    log = [line.replace("O-1", order) for line in (TWO[0], TWO[0], CANCELLED)]
    shop.add(shop.file(*log[:2]))
    report = shop.add(shop.file(*log))
    assert shop.stands() == {("milk", 1.0, "purchase"): 1}
    assert found(report)["cancelled_in_file"] == 1


@pytest.mark.parametrize("status", [["ok", "cancelled"], ["ok", "cancelled", "ok"], ["cancelled", "ok"]])
def test_cancellations_at_the_beginning_of_the_next_file(shop: Shop, status: list[str]) -> None:
    shop.add(*(shop.file(CANCELLED.replace("cancelled", one)) for one in status))
    assert sum(shop.stands().values()) == (status[-1] == "ok")


def test_an_order_that_changed_later_is_no_cut_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path, header=f"{H},updated", columns={"changed_at": "updated"})
    line = "A,milk,o1,2019-03-01,{0},{0},2019-03-0{0} 10:00"
    shop.add(shop.file(line.format(1)), shop.file(line.format(2)))
    assert shop.stands() == {("milk", 2.0, "purchase"): 1}


def test_a_file_imported_before_is_known_by_its_name_although_a_copy_came_later(shop: Shop) -> None:
    first = shop.file(TWO[0])
    shop.add(first)
    shop.add(shop.file(OTHER.format(1)))
    shop.add(shop.file(TWO[0]))
    shop.add(shop.file(CANCELLED))
    report = shop.add(first)
    assert (report.known, report.accepted) == (1, 0)
    assert shop.stands("product_id") == {("tea",): 1}


class TestNumberedLines:
    """The last row about a line of an order counts."""

    def shop(self, folder: Path) -> Shop:
        return Shop(folder, header=f"{STATUS},no", columns={"line": "no"}, **CANCELS)

    def test_are_not_joined_at_a_cut(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path)
        shop.add(shop.file(f"{TWO[0]},1"), shop.file(f"{TWO[1]},1"))
        assert shop.stands() == {("milk", 2.0, "purchase"): 1}

    def test_repeated_and_then_cancelled(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path)
        shop.add(shop.file(f"{TWO[0]},1", f"{TWO[0]},1", f"{CANCELLED},1"))
        assert not shop.stands()

    def test_in_a_log_of_many_pieces(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path)
        lines = [f"A,milk,O-{order},2019-03-01 10:00,1,1,ok,1" for order in range(40)]
        shop.add(shop.file(*lines[:20]))
        shop.add(shop.file(*lines, *(line.replace(",1,1,ok", ",2,2,ok") for line in lines)))
        assert shop.stands() == {("milk", 2.0, "purchase"): 40}

    def test_of_two_customers_in_one_file_are_told(self, tmp_path: Path) -> None:
        shop = self.shop(tmp_path)
        report = shop.add(shop.file(f"{TWO[0]},1", f"{TWO[0].replace('A,', 'guest,')},1"))
        assert shop.stands("customer_id") == {("A",): 1, ("guest",): 1}
        assert found(report) == {"shared_line_number": 1}


class TestWholeOrders:
    """A return is no other version of the sale, even if both have one number and one day."""

    @pytest.mark.parametrize("at_once", ["file", "import", "imports"])
    def test_documents(self, tmp_path: Path, at_once: str) -> None:
        items = [{"product_id": "milk", "quantity": 2, "total_price": 2}]
        order = {"customer_id": "A", "order_id": "1", "purchased_at": "2019-03-01T10:00:00", "items": items}
        back = {**order, "purchased_at": "2019-03-01T11:00:00"}
        back["items"] = [{"product_id": "milk", "quantity": -1, "total_price": -1}]
        columns = {name: f"items.{name}" for name in items[0]}
        mapping = parse_mapping("purchases", {"items": "items", "columns": columns, **RETURNS}, where="test")
        work = importer(tmp_path / "work")
        texts = [orjson.dumps(document).decode() for document in (order, back)]
        texts = ["\n".join(texts)] if at_once == "file" else texts
        paths = [tmp_path / f"{number}.ndjson" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        for some in [paths] if at_once != "imports" else [[path] for path in paths]:
            assert_conserved(import_files(work, [str(path) for path in some], mapping))
        assert sorted(current_rows(work)["kind"]) == ["purchase", "return"]

    def test_rows(self, tmp_path: Path) -> None:
        shop = Shop(tmp_path, whole_orders=True, **RETURNS)
        shop.add(shop.file("A,milk,1,2019-03-01 10:00,2,2"))
        shop.add(shop.file("A,milk,1,2019-03-01 11:00,-1,-1"))
        assert shop.stands() == {("milk", 2.0, "purchase"): 1, ("milk", 1.0, "return"): 1}


class TestWhatFilesCannotTell:
    """The report tells it, with counts."""

    def test_an_order_cut_between_two_imports(self, tmp_path: Path) -> None:
        shop = Shop(tmp_path)
        shop.add(shop.file("A,tea,O-1,2019-03-01,1,1", "C9,milk,O-9,2019-03-01,1,1.20"))
        report = shop.add(shop.file("C9,milk,O-9,2019-03-01,2,2.40", "A,tea,O-2,2019-03-01,1,1"))
        assert found(report) == {"corrected": 1, "replaced_at_edge": 1}

    def test_a_line_that_is_missing_at_the_end_of_a_file(self, tmp_path: Path) -> None:
        shop = Shop(tmp_path)
        shop.add(shop.file("A,milk,O-9,2019-03-01,1,1", "A,milk,O-9,2019-03-01,2,2"))
        report = shop.add(shop.file("A,tea,O-1,2019-03-01,1,1", "A,milk,O-9,2019-03-01,1,1"))
        assert shop.stands("product_id") == {("milk",): 2, ("tea",): 1}
        assert found(report) == {"kept_at_edge": 1}

    def test_an_order_that_comes_again_with_fewer_products(self, tmp_path: Path) -> None:
        shop = Shop(tmp_path, **RETURNS)
        around = ["A,tea,O-1,2019-03-01,1,1", "A,tea,O-3,2019-03-01,1,1"]
        shop.add(shop.file("A,milk,O-2,2019-03-01,1,1", "A,tea,O-2,2019-03-01,1,1"))
        returned = shop.add(shop.file(around[0], "A,milk,O-2,2019-03-01,-1,-1", around[1]))
        report = shop.add(shop.file(around[0], "A,milk,O-2,2019-03-01,1,1", around[1]))
        assert (found(returned), found(report)) == ({}, {"fewer_products": 1})

    def test_an_order_id_on_another_day_than_in_the_import_before(self, tmp_path: Path) -> None:
        shop = Shop(tmp_path)
        reports = [shop.add(shop.file(f"A,milk,S-1,2019-0{month}-01,1,1")) for month in (1, 2, 3)]
        assert [found(report) for report in reports] == [{}, *[{"order_on_several_days": 1}] * 2]


@pytest.mark.parametrize("line", [CANCELLED, CANCELLED.replace(",1,1,", ",3,3,")])
def test_a_cancelled_line_at_a_cut_is_a_cancellation_and_told(shop: Shop, line: str) -> None:
    """Whether it is another line of the order, the files do not say."""
    report = shop.add(shop.file(TWO[0]), shop.file(line, OTHER.format(2)))
    assert not shop.stands("quantity", "product_id")[1.0, "milk"]
    assert found(report)["cancelled_at_cut"] == 1
