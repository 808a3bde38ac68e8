from __future__ import annotations

from itertools import permutations

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import parse_mapping
from omnix_cli.steps.imports.binding import Settled, bind
from omnix_cli.steps.imports.settling import Evidence, evidence, settle
from tests.unit.steps.imports.lines import LINE, raw


def settled(*pieces: list[dict[str, str]], earlier: Settled | None = None, **how: object) -> Settled:
    """What the rows of a file settle, in any cut."""
    seen, mapping = Evidence(), parse_mapping("purchases", how, where="test")
    for piece in pieces:
        frame = raw(*({**LINE, **row} for row in piece))
        mapping = bind(mapping, frame.columns, file="f.csv")
        seen |= evidence(frame, mapping, 2026)
    return settle(seen, mapping, earlier or Settled(), file="f.csv", separator=";")


def dates(*written: str) -> list[dict[str, str]]:
    return [{"purchased_at": one} for one in written]


@pytest.mark.parametrize(
    ("written", "order"),
    [
        (["03/04/2024", "13/04/2024"], "day first"),
        (["03/04/2024 10:00", "04/13/2024 10:00"], "month first"),
        (["10:00 03/04/2024", "10:00 PM 13/04/2024"], "day first"),
        (["Sat 03.04.2024", "Sun, 13.04.2024"], "day first"),
        (["24/03/04", "24/03/29"], "year first"),
        (["24/03/04", "30/03/04"], "day first"),
        (["2024-03-04", "2024/03/04", "20240304", "4 Mar 2024", "05-MAR-17 10.11.12 AM"], None),
    ],
)
def test_the_order_is_shown_by_any_row_in_any_cut(written: list[str], order: str | None) -> None:
    for cut in permutations(written):
        assert settled(dates(*cut)).order == settled(*(dates(one) for one in cut)).order == order


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        (["03/04/2024", "2024-04-13"], "day first or month first"),
        (["24/03/04"], "day first or year first"),
        (["04/03/04"], "day first or month first or year first"),
    ],
)
def test_an_open_order_asks_or_is_read_as_in_earlier_imports(written: list[str], asked: str) -> None:
    with pytest.raises(DataError, match=asked) as caught:
        settled(dates(*written))
    assert "--day-first" in str(caught.value.hint)
    before = settled(dates(*written), earlier=Settled("day first"))
    assert (before.order, before.earlier) == ("day first", {"dates"})
    assert settled(dates(*written), day_first=True).order == "day first"


def test_dates_that_contradict_each_other_are_refused_in_any_cut() -> None:
    for cut in permutations(["13/04/2024", "03/04/2024", "04/13/2024"]):
        with pytest.raises(DataError, match=r"04/13/2024 is month first, 13/04/2024 is day first"):
            settled(*(dates(one) for one in cut))


def test_joined_columns_and_other_kinds_are_looked_at() -> None:
    when = {"columns": ["Date", "Time"]}
    rows = [{"Date": day, "Time": "18:05"} for day in ("03/04/2024", "13/04/2024")]
    assert settled(rows, columns={"purchased_at": when}).order == "day first"
    mapping = parse_mapping("customers", {}, where="test")
    frame = raw({"customer_id": "1", "created_at": "03/04/2024", "updated_at": "13/04/2024"})
    mapping = bind(mapping, frame.columns, file="f.csv")
    assert settle(evidence(frame, mapping, 2026), mapping, Settled(), file="f", separator=None).order == "day first"


@pytest.mark.parametrize(
    ("prices", "comma"),
    [(["2,500", "2,5"], True), (["2,500", "2.5"], False), (["2,500", "2.5", "2,5"], False), (["2500"], None)],
)
def test_decimals_are_settled_in_any_cut(prices: list[str], comma: bool | None) -> None:
    for cut in permutations(prices):
        assert settled(*([{"unit_price": one}] for one in cut)).decimal_comma is comma


def test_open_decimals_ask_or_are_read_as_in_earlier_imports() -> None:
    with pytest.raises(DataError, match="like 2,500"):
        settled([{"unit_price": "2,500"}])
    before = settled([{"unit_price": "2,500"}], earlier=Settled(decimal_comma=True))
    assert (before.decimal_comma, before.earlier) == (True, {"decimals"})


def test_a_column_of_other_numbers_is_no_serial_days() -> None:
    frame = raw({**LINE, "purchased_at": 43895}).with_columns(pl.col("purchased_at").cast(pl.Int64))
    mapping = bind(parse_mapping("purchases", {}, where="test"), frame.columns, file="f")
    assert settle(evidence(frame, mapping, 2026), mapping, Settled(), file="f", separator=None).serials
    assert not settled(dates("43895", "1583058030")).serials
    assert settled(dates("43895", "", "NULL", "43896.25")).serials
