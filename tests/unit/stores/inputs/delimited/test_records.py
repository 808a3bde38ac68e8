from __future__ import annotations

import pytest

from tests.unit.stores.inputs.contents import read

HEADER = "customer_id,product_id,order_id,purchased_at,quantity"
ROWS = [f"C{number},milk,O-{number},2020-03-01,{number}" for number in range(1, 6)]


def content(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        ('C8,"milk,O-8,2020-03-01,1', 'C9,tea",O-9,2020-03-01,1'),
        ('C8,milk,O-8,2020-03-01,"1', 'C9,tea,O-9,2020-03-01,1"'),
        ('"C8,milk,O-8,2020-03-01,1', 'C9",tea,O-9,2020-03-01,1'),
    ],
)
@pytest.mark.parametrize("between", [0, 1, 5])
def test_two_stray_quotes_do_not_swallow_the_rows_between_them(opens: str, closes: str, between: int) -> None:
    rows, rejected, findings = read(content(HEADER, opens, *ROWS[:between], closes, "C7,tea,O-7,2020-03-01,1"))
    assert rows["customer_id"].to_list() == [*(f"C{number}" for number in range(1, between + 1)), "C7"]
    assert rejected == [(2, "broken quotes"), (3 + between, "broken quotes")]
    assert findings["stray quotes"] == f"1 (lines 2 to {3 + between})"


def test_texts_of_several_lines_are_texts() -> None:
    notes = ['"12 Main St\nSpringfield, IL 62701"', '"good, cheap, fast, friendly, near\nagain!"', '"1\n\n2, 3"']
    lines = [f"{row},{note}" for row, note in zip(ROWS, notes, strict=False)]
    rows, rejected, findings = read(content(HEADER + ",note", *lines))
    assert rows["note"].to_list() == [note.strip('"') for note in notes]
    assert rejected == []
    assert "stray quotes" not in findings


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\r"])
def test_a_part_with_other_line_ends(end: str) -> None:
    rows, rejected, _ = read(content(HEADER, ROWS[0], end.join(ROWS[1:4]), ROWS[4]))
    assert rows["customer_id"].to_list() == ["C1", "C2", "C3", "C4", "C5"]
    assert rejected == []
    assert rows.select("_row_number", "_item").is_unique().all()
