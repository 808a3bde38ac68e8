"""Order ids that are none, and orders and days that are there twice."""

from __future__ import annotations

from omnix_cli.steps.advice import tallies
from tests.conftest import purchases
from tests.unit.steps.advice.shops import healthy, line, noticed


def test_an_order_id_for_each_line() -> None:
    lines = [
        one | {"order_id": f"l{number}", "purchased_at": one["purchased_at"].replace(minute=int(one["order_id"][-1]))}
        for number, one in enumerate(healthy())
    ]
    one = noticed(lines)["order_per_line"]
    assert one.rows == len(lines)
    assert one.text.startswith(f"{len(lines)} order ids for {len(lines)} lines")


def test_orders_of_one_line_each_are_fine() -> None:
    singles = [one for number, one in enumerate(healthy()) if number % 3 == 0]
    assert noticed([one | {"order_id": f"l{number}"} for number, one in enumerate(singles)]) == {}


def test_lines_without_order_ids_are_fine() -> None:
    assert noticed([one | {"order_id": None} for one in healthy()]) == {}


def test_a_placeholder_order_id() -> None:
    one = noticed([*healthy(), *(line(f"c{n:02}", f"p0{n}", n, "0") for n in range(10, 20) if n % 7)])[
        "order_id_shared"
    ]
    assert one.text.startswith("1 order id is shared by several customers on several days, such as 0 (9 lines from ")


def test_receipt_numbers_that_start_again() -> None:
    lines = [one | {"order_id": f"{int(one['order_id'][1:4]) % 29}{one['order_id'][-1]}"} for one in healthy()]
    assert noticed(lines)["order_id_shared"].rows >= 50


def test_an_order_over_midnight_is_fine_but_not_one_over_months() -> None:
    overnight = [line("c01", "p001", 3, "late"), line("c01", "p002", 4, "late")]
    assert noticed([*healthy(), *overnight]) == {}
    subscription = [line("c01", "p001", day, "sub") for day in (3, 33, 64, 94)]
    one = noticed([*healthy(), *subscription])["order_on_days"]
    assert one.text == "1 order id is seen on several days, such as sub (2024-01-04 and 2024-04-04)"


def test_a_return_on_a_later_day_is_no_order_on_two_days() -> None:
    sale = next(one for one in healthy() if one["order_id"] == "o0030")
    later = line(sale["customer_id"], sale["product_id"], 40, "o0030", kind="return")
    assert noticed([*healthy(), later]) == {}


def test_whole_orders_exported_twice() -> None:
    again = [one | {"order_id": f"copy-{one['order_id']}"} for one in healthy() if one["order_id"] == "o0050"]
    one = noticed([*healthy(), *again])["order_repeated"]
    assert one.rows == 1
    assert one.text.startswith("1 order repeats another one: same customer, same instant, same lines, another order id")


def test_orders_of_one_instant_with_other_lines_do_not_repeat() -> None:
    again = [
        one | {"order_id": f"copy-{one['order_id']}", "quantity": 2.0}
        for one in healthy()
        if one["order_id"] == "o0050"
    ]
    assert noticed([*healthy(), *again]) == {}


def test_exports_that_overlap_in_one_file() -> None:
    lines = [one for one in healthy() for _ in range(4)]
    many = [one | {"order_id": f"{one['order_id']}{number % 4}"} for number, one in enumerate(lines)]
    twice = [one for one in many if "o050" <= str(one["order_id"])[:4] <= "o055"]
    one = noticed([*many, *twice])["days_twice"]
    assert (one.rows, one.text.split("(")[1]) == (
        len(twice),
        f"{len(twice)} lines, 2024-02-20 to 2024-02-25): exports that overlap",
    )


def test_counts_say_how_often_a_customer_bought() -> None:
    counted = tallies.tally(purchases(("ann", "milk", "2024-01-01"), ("ann", "tea", "2024-01-02")).lazy())
    assert counted.customers.rows() == [("ann", 2, 2)]
