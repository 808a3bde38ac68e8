from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.protocols.steps import PlanStep, StepOutput, whole
from omnix_cli.schemas import FRAMES
from tests.conftest import MemoryFrame

RECEIPTS = FRAMES["resolved"]
PEOPLE = pl.DataFrame({"customer_id": ["ann", "ann", "ann", "bob", "cat", "cat"]})


class Parts:
    """Counts what is appended."""

    def __init__(self) -> None:
        self.heights: list[int] = []
        self.figures: list[dict[str, Any]] = []

    def append(self, name: str, frame: pl.DataFrame) -> None:
        self.heights.append(frame.height)

    def adopt(self, name: str, part: Any) -> None:
        raise AssertionError

    def add_figures(self, figures: dict[str, Any]) -> None:
        self.figures.append(figures)


def count(people: pl.LazyFrame, shop: pl.LazyFrame) -> StepOutput:
    """Puts the customers of a slice, and how many rows of the shop it sees, into figures."""
    customers = people.collect()["customer_id"].unique().sort().to_list()
    figures = {"customers": ",".join(customers), "shop": shop.collect().height}
    return StepOutput({"resolved": RECEIPTS.empty()}, figures)


@pytest.mark.parametrize(
    ("slice_rows", "slices"), [(100, ["ann,bob,cat"]), (4, ["ann,bob", "cat"]), (1, ["ann", "bob", "cat"])]
)
def test_slices_hold_whole_customers_in_order(slice_rows: int, slices: list[str]) -> None:
    parts = Parts()
    step = PlanStep("count", count, ("people", "shop"), ("resolved",), version="1", by_customer=("people",))
    inputs = {"people": MemoryFrame("people", PEOPLE), "shop": MemoryFrame("shop", PEOPLE)}
    PolarsEngine(slice_rows=slice_rows).run(step, inputs, {}, parts)
    assert [figures["customers"] for figures in parts.figures] == slices
    assert {figures["shop"] for figures in parts.figures} == {PEOPLE.height}  # what is not split is whole


def test_what_a_step_returns_in_parts_is_appended_in_their_order() -> None:
    def one_by_one(people: pl.LazyFrame) -> Iterator[StepOutput]:
        for name, rows in people.collect().group_by("customer_id", maintain_order=True):
            yield StepOutput(
                {"returned": pl.DataFrame({"customer_id": name, "product_id": "tea"})},
                {"rows": rows.height, "kind": "made"},
            )

    parts = Parts()
    step = PlanStep("one", one_by_one, ("people",), ("returned",), version="1")
    frame = MemoryFrame("people", PEOPLE)
    PolarsEngine(slice_rows=100).run(step, {"people": frame}, {}, parts)
    assert parts.heights == [1, 1, 1]
    assert [figures["rows"] for figures in parts.figures] == [3, 1, 2]
    together = whole(one_by_one(frame.scan()))
    assert together.frames["returned"]["customer_id"].to_list() == ["ann", "bob", "cat"]
    assert together.figures == {"rows": 6, "kind": "made"}
