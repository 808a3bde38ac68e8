from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.records import StepRecord
from omnix_cli.reports.printed_tables import as_text, model_report, records_table, removed_table, steps_table


@dataclass(frozen=True)
class Found:
    what: str
    before: Any


def test_a_step_is_a_row_with_its_figures_in_words() -> None:
    step = StepRecord(
        name="predict", key="k", status="ran", reason="first time", peak_memory_bytes=3_400_000, figures={"asked": 1200}
    )
    (row,) = steps_table([step]).rows(named=True)
    assert (row["step"], row["peak_mb"], row["figures"]) == ("predict", 3, "asked 1,200")


def test_values_of_mixed_types_become_text() -> None:
    table = records_table(
        [Found("day", date(2018, 1, 2)), Found("list", (1, "a")), Found("yes", True)], ("what", "before")
    )
    assert table["before"].to_list() == ["2018-01-02", "1, a", "yes"]
    assert records_table([Found("n", 1), Found("m", 2)], ("what", "before"))["before"].to_list() == [1, 2]


def test_control_characters_are_replaced_and_nothing_is_said_to_be_nothing() -> None:
    assert "\x1b" not in as_text(pl.DataFrame({"name": ["\x1b[31mred"]}), title="Names", terminal=False)
    assert as_text(pl.DataFrame({"name": []}), title="Names", terminal=False).endswith("(nothing)\n")


def test_runs_and_checkpoints_that_go() -> None:
    assert removed_table(["r1"], ["cycles-1"]).rows() == [("run", "r1"), ("checkpoint", "cycles-1")]


def test_what_a_model_was_asked_is_one_line() -> None:
    figures = {"asked": 10, "repaired": 2, "failed": 1, "found_in_ledger": 4, "dollars": 0.25, "reused": 3}
    line = model_report({**figures, "skipped_no_consent": 5})
    assert "13 customers" in line and "0.2500 dollars" in line and "5 skipped (no consent)" in line
