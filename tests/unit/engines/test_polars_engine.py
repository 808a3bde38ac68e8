from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.protocols.steps import PlanStep, StepOutput
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
