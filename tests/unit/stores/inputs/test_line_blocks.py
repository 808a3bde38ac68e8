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


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\r", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("block_bytes", [1, 5, 1 << 20])
def test_line_ends(end: str, block_bytes: int) -> None:
    content = end.join(["a,b", "1,é", "3,4", ""])
    blocks = LineBlocks(io.BytesIO(content.encode()), None, name="f", block_bytes=max(block_bytes, 12))
    text = b"".join(block.utf8 for block in blocks.texts()).decode()
    assert [line.strip() for line in text.split("\n") if line.strip()] == ["a,b", "1,é", "3,4"]


def test_line_ends_of_latin_1() -> None:
    rows, rejected, _ = read("a,b\x85é,1\x85ü,2\x85".encode("latin-1"))
    assert values(rows) == [("é", "1"), ("ü", "2")]
    assert rejected == []


def test_signs_that_end_lines_elsewhere_are_signs_of_a_text() -> None:
    assert values(read("a,b\nx\u2028y,1\n\x85,2\n".encode())[0]) == [("x\u2028y", "1"), ("\x85", "2")]
    assert values(read('{"a":"x\u2028y"}\n{"a":"z"}\n'.encode())[0]) == [("x\u2028y",), ("z",)]
    assert values(read(b'a,b\n"x\ry",1\n')[0]) == [("x\ry", "1")]


def test_objects_with_other_line_ends() -> None:
    assert values(read('{"a":"1"}\x85{"a":"2"}'.encode())[0]) == [("1",), ("2",)]
    assert values(read(b'{"a":"1"}\r{"a":"2"}\n{"a":"3"}\r\n')[0]) == [("1",), ("2",), ("3",)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lone_carriage_returns_among_other_line_ends(end: bytes) -> None:
    rows, rejected, _ = read(end.join([b"a,b", b"1,2\r3,4", b"5,6", b""]))
    assert values(rows) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert rejected == []


def test_a_nul_byte_costs_its_line_in_any_encoding() -> None:
    assert read("a,b\né,1\n\0,2\n".encode("cp1252"), encoding="cp1252")[1] == [(3, "has a NUL byte")]
    assert read(b"a,b\n1,2\n\0\0\0\0")[1] == [(3, "has a NUL byte")]
