from __future__ import annotations

import io

import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame
from tests.unit.stores.inputs.contents import read, values


def test_encodings() -> None:
    text = "name,city\nJosé,Łódź\n"
    assert values(read(text.encode())[0]) == [("José", "Łódź")]
    assert values(read(text.encode("utf-8-sig"))[0]) == [("José", "Łódź")]
    assert values(read(text.encode("utf-16"))[0]) == [("José", "Łódź")]
    assert values(read(text.encode("cp1250"), encoding="cp1250")[0]) == [("José", "Łódź")]


def test_latin_1_is_detected() -> None:
    rows, rejected, findings = read("name,price\nCafé,5\nMüsli,3 €\n".encode("cp1252"))
    assert values(rows) == [("Café", "5"), ("Müsli", "3 €")]
    assert findings["encoding"] == "windows-1252 (Latin-1)"
    assert rejected == []


def test_a_broken_line_in_a_utf_8_file_is_rejected() -> None:
    rows, rejected, _ = read("a,b\né,1\nü,2\n".encode() + b"\xff,3\nx,4\n")
    assert values(rows) == [("é", "1"), ("ü", "2"), ("x", "4")]
    assert rejected == [(4, "not UTF-8")]


def test_a_given_encoding_that_is_wrong_is_an_error() -> None:
    with pytest.raises(DataError, match="another encoding than expected"):
        read(b"a,b\n1,2\n3", encoding="utf-16")
    with pytest.raises(DataError, match="another encoding than expected"):
        read("a,b\né,2\n".encode(), encoding="ascii")


def test_a_line_becomes_a_quarantine_row_with_its_text() -> None:
    (row,) = as_frame([RejectedLine(3, "not JSON", "x" * 300)]).to_dicts()
    assert (row["row_number"], row["reason"], row["column"], len(row["value"])) == (3, "not JSON", None, 200)
    assert row["row"] == '{"line":"' + "x" * 300 + '"}'
    assert as_frame([]).is_empty()


def test_a_line_that_is_not_text_is_rejected_as_latin_1_and_emptied() -> None:
    blocks = LineBlocks(io.BytesIO(b"a\n\xe9\nb\0\nc\n"), "utf-8", name="f", block_bytes=4)
    texts = list(blocks.texts())
    assert b"".join(block.utf8 for block in texts) == b"a\n\n\nc\n"
    assert [line for block in texts for line in block.rejected] == [
        RejectedLine(2, "not UTF-8", "é"),
        RejectedLine(3, "has a NUL byte", "b\0"),
    ]
