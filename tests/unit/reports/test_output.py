from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError
from omnix_cli.records import StepRecord
from omnix_cli.reports.output import (
    _aligned,
    _fitted,
    as_text,
    model_report,
    records_table,
    removed_table,
    steps_table,
    write_frame,
    write_objects,
)

ROWS = pl.DataFrame(
    {
        "product_id": ["milk", "tea"],
        "price": [Decimal("1.10"), None],
        "tags": [["dairy", "fresh"], []],
        "due": [date(2018, 1, 2), None],
    }
)


def written(tmp_path: Path, kind: str) -> str:
    file = tmp_path / f"rows.{kind}"
    write_frame(ROWS, title="Rows", kind=kind, target=file)
    return file.read_text()


def test_json_has_numbers_and_lists(tmp_path: Path) -> None:
    first, second = json.loads(written(tmp_path, "json"))
    assert first == {"product_id": "milk", "price": 1.1, "tags": ["dairy", "fresh"], "due": "2018-01-02"}
    assert second["price"] is None


def test_csv_joins_lists(tmp_path: Path) -> None:
    assert written(tmp_path, "csv") == 'product_id,price,tags,due\nmilk,1.10,dairy; fresh,2018-01-02\ntea,,"",\n'


def test_a_table_is_aligned_under_its_title(tmp_path: Path) -> None:
    title, header, first, *_ = written(tmp_path, "table").splitlines()
    assert (title, header.split()[:2]) == ("Rows", ["product", "id"])
    assert first.startswith("milk") and "dairy, fresh" in first


def test_what_takes_bytes_gets_them() -> None:
    taken: list[bytes] = []
    write_objects([{"setting": "as_of", "value": None}], target=taken.append)
    assert taken == [b'[{"setting":"as_of","value":null}]\n']


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_frame(ROWS, title="Rows", kind="csv", target=tmp_path)


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


FORMULAS = {
    "=1+1": "'=1+1",
    " \t=1": "' \t=1",
    "@SUM(A1)": "'@SUM(A1)",
    "-5 % on tea": "'-5 % on tea",
    "\uff1d1": "'\uff1d1",
    "tea;=1;x": "tea;'=1;x",
    'tea",=1': "tea\",'=1",
    "tea\n+1": "tea\n'+1",
    "10-12 cm": "10-12 cm",
    "a=b": "a=b",
}


def test_csv_has_formulas_as_they_are_unless_it_is_to_be_safe(tmp_path: Path) -> None:
    frame = pl.DataFrame({"=name": list(FORMULAS), "tags": [["=1"]] * len(FORMULAS), "number": [-1] * len(FORMULAS)})
    plain, safe = tmp_path / "plain.csv", tmp_path / "safe.csv"
    write_frame(frame, title="Rows", kind="csv", target=plain)
    write_frame(frame, title="Rows", kind="csv", target=safe, csv_safe=True)
    assert pl.read_csv(plain)["=name"].to_list() == list(FORMULAS)
    found = pl.read_csv(safe)
    assert found.columns == ["'=name", "tags", "number"]
    assert found["'=name"].to_list() == list(FORMULAS.values())
    assert set(found["tags"]) == {"'=1"}
    assert set(found["number"]) == {-1}


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12) | st.just("two words")


@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.tuples(
            st.lists(CELLS, min_size=columns, max_size=columns),
            st.lists(st.lists(CELLS, min_size=columns, max_size=columns), max_size=4),
            st.lists(st.booleans(), min_size=columns, max_size=columns),
        )
    )
)
def test_a_table_that_fits_is_the_same_without_the_library(
    table: tuple[list[str], list[list[str]], list[bool]],
) -> None:
    header, rows, numeric = table
    quick = _aligned("Title", header, rows, numeric)
    whole = _fitted("Title", header, rows, numeric, [False] * len(header), on_terminal=False)
    if quick is not None:
        assert [line.rstrip() for line in quick.splitlines()] == [line.rstrip() for line in whole.splitlines()]


def test_what_is_too_wide_is_wrapped() -> None:
    frame = pl.DataFrame({"note": ["word " * 100], "n": [1]})
    assert max(map(len, as_text(frame, title="Notes").splitlines())) <= 240
