from __future__ import annotations

from omnix_cli.stores.inputs.rejected_lines import RejectedLine, as_frame, undecodable


def test_a_line_becomes_a_quarantine_row_with_its_text() -> None:
    (row,) = as_frame([RejectedLine(3, "not JSON", "x" * 300)]).to_dicts()
    assert (row["row_number"], row["reason"], row["column"], len(row["value"])) == (3, "not JSON", None, 200)
    assert row["row"] == '{"line":"' + "x" * 300 + '"}'
    assert as_frame([]).is_empty()


def test_a_line_that_is_not_utf_8_is_kept_as_latin_1() -> None:
    assert undecodable(b"a\n\xe9\n", 1, first=10) == RejectedLine(11, "not UTF-8", "é")
