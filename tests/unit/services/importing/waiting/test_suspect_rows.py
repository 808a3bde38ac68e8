"""Codes for quantities are judged by the whole file, in any cut of it, and rows keep their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing import current_rows, imported, importer, write

HEADER = "customer_id,order_id,product_id,quantity,unit_price,purchased_at"


def _lines(quantity: int, *, at: int, highest: int = 19) -> list[str]:
    lines = [f"c{n % 3},o{n},{4000 + n % 30},{1 + n % highest},2.50,2020-05-01" for n in range(400)]
    lines[at] = f"c1,odd,94011,{quantity},2.50,2020-05-01"
    return lines


@pytest.mark.parametrize("block_bytes", [300, 8 << 20])
@pytest.mark.parametrize("at", [0, 200, 399])
def test_the_product_id_as_a_quantity_is_set_aside(tmp_path: Path, block_bytes: int, at: int) -> None:
    work = importer(tmp_path / "w", block_bytes=block_bytes)
    report = imported(work, write(tmp_path / "a.csv", _lines(94011, at=at), HEADER))
    assert (report.accepted, report.quarantined) == (399, 1)
    (reason,) = report.reasons
    assert (reason.reason, reason.column) == ("the product id, not a quantity", "quantity")
    assert reason.example.endswith(f"a.csv:{at + 2}: 94011")
    assert "odd" not in current_rows(work)["order_id"]


@pytest.mark.parametrize("block_bytes", [300, 8 << 20])
@pytest.mark.parametrize("at", [0, 200, 399])
def test_the_same_number_stands_where_others_are_as_large(tmp_path: Path, block_bytes: int, at: int) -> None:
    work = importer(tmp_path / "w", block_bytes=block_bytes)
    lines = _lines(94011, at=at)
    lines[(at + 150) % 400] = "c2,bulk,4001,80995,2.50,2020-05-01"
    report = imported(work, write(tmp_path / "a.csv", lines, HEADER))
    assert (report.accepted, report.quarantined) == (400, 0)
    assert current_rows(work).filter(order_id="odd")["quantity"].to_list() == [94011]


def test_rows_that_waited_keep_their_place(tmp_path: Path) -> None:
    """The last order of a file may go on in the next one: the one at its end, not the one that waited."""
    lines = _lines(94011, at=3)
    lines[390] = "c2,bulk,4001,80995,2.50,2020-05-01"
    lines[399] = "c2,cut,4001,2,2.50,2020-05-01"
    files = []
    for name, some in {"a": lines, "b": ["c2,cut,4001,3,2.50,2020-05-01", *_lines(1, at=5)[6:]]}.items():
        files.append(write(tmp_path / f"{name}.csv", some, HEADER))
    work = importer(tmp_path / "w", block_bytes=300)
    imported(work, *files)
    assert current_rows(work).filter(order_id="cut")["quantity"].sum() == 5
