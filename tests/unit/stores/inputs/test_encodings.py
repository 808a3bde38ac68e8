from __future__ import annotations

import io

import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.encodings import Tally, judged
from tests.unit.stores.inputs.contents import read

PLAIN = b"a,b\n" + b"x,1\n" * 20_000
POUND, ACCENT = "\u00a35 mug,2\n".encode("cp1252"), "caf\u00e9,3\n".encode()


def test_the_first_sign_of_an_encoding_may_come_late() -> None:
    rows, rejected, findings = read(PLAIN + POUND * 17)
    assert rows["a"].to_list()[-17:] == ["\u00a35 mug"] * 17
    assert rejected == []
    assert findings["encoding"] == "windows-1252 (Latin-1)"


@pytest.mark.parametrize("lines", [20_000, 3_000_000])
def test_all_lines_of_a_file_decide(lines: int) -> None:
    """One line is UTF-8 by itself, most others are not, far down the file."""
    rows, rejected, findings = read(b"a,b\n" + ACCENT + b"x,1\n" * lines + POUND * 17)
    assert rows["a"].to_list()[-17:] == ["\u00a35 mug"] * 17
    assert rows["a"][0] == "caf\u00e9"
    assert rejected == []
    assert findings["encoding"] == "windows-1252 (Latin-1), some lines utf-8"


def test_a_few_broken_lines_far_down_do_not_change_a_utf_8_file() -> None:
    rows, rejected, findings = read(b"a,b\n" + ACCENT * 3 + b"x,1\n" * 3_000_000 + POUND * 2 + ACCENT)
    assert set(rows["a"].to_list()) == {"caf\u00e9", "x"}
    assert rejected == [(3_000_005, "not UTF-8"), (3_000_006, "not UTF-8")]
    assert findings["encoding"] == "utf-8"


def test_a_stream_that_was_looked_ahead_is_read_from_where_it_was() -> None:
    rest = b"x\n" * 2_000_000 + POUND
    tally, stream = judged(ACCENT, b"", io.BytesIO(rest))
    assert (tally.valid, tally.broken) == (1, 1)
    found = b""
    while more := stream.read(1 << 20):
        found += more
    assert found == rest


def test_plain_evidence_ends_the_search() -> None:
    stream = io.BytesIO(b"x\n" * 10)
    tally, after = judged(ACCENT * 2_000, b"", stream)
    assert (tally.valid, tally.broken, after) == (2_000, 0, stream)


def test_lines_are_counted_once_however_many_signs_they_have() -> None:
    tally = Tally()
    tally.add("\u00e9\u00e9\u00e9\nx\n\u00e9\n".encode())
    tally.add(b"\xff\xff\n\xc3\xa9\n")
    assert (tally.valid, tally.broken) == (3, 1)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark(encoding: str) -> None:
    rows, _, findings = read("a,b\ncaf\u00e9,1\n\u0416\u0418,2\n".encode(encoding))
    assert rows["a"].to_list() == ["caf\u00e9", "\u0416\u0418"]
    assert findings["encoding"] == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_second_byte_order_mark(encoding: str) -> None:
    assert read("\ufeff\ufeffa,b\n1,2\n".encode(encoding))[0].columns[:2] == ["a", "b"]
    rows = read("\ufeffa,b\n1,2\n\ufeff3,4\n".encode())[0]
    assert rows["a"].to_list() == ["1", "3"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "\u0141\u00f3d\u017a"),
        ("shift_jis", "\u30df\u30eb\u30af"),
        ("mac_roman", "caf\u00e9"),
        ("utf-16-le", "\u00e9"),
        ("koi8-r", "\u043c\u0438\u0440"),
        ("latin-1", "\u00e9"),
        ("utf-8-sig", "\u00e9"),
    ],
)
def test_any_encoding_can_be_given(encoding: str, text: str) -> None:
    rows, rejected, _ = read(f"a,b\n{text},1\n".encode(encoding), encoding=encoding)
    assert (rows["a"].to_list(), rejected) == ([text], [])


def test_a_given_encoding_that_contradicts_the_file_is_an_error() -> None:
    with pytest.raises(DataError, match="is utf-8, as its byte order mark says, and not cp1252"):
        read(b"\xef\xbb\xbfa,b\n1,2\n", encoding="cp1252")
    with pytest.raises(DataError, match="another encoding than expected"):
        read("a,b\n\u00e9,1\n".encode("cp1252"), encoding="shift_jis")


def test_chance_makes_no_foreign_letters() -> None:
    """The bytes of these two signs of Windows-1252 are a letter of UTF-8 that no such file has."""
    lines = "CAF\u00c9\u2019S,1\n".encode("cp1252") + POUND * 3
    assert read(b"a,b\n" + lines)[0]["a"][0] == "CAF\u00c9\u2019S"
