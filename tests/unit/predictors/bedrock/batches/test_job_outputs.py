from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from omnix_cli.predictors.bedrock.batches.job_outputs import DAMAGED, JobOutput

RECORDS = [{"recordId": f"q{number}", "modelOutput": {"text": "ä" * 300}} for number in range(40)]
LINES = b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in RECORDS)

HALF = LINES.index(b"\n", 5000) + 1


class Files:
    """Implements the part of `protocols.Objects` that reads."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def address(self, key: str) -> str:
        return f"s3://bucket/{key}"

    def keys(self, beginning: str) -> Iterator[str]:
        return (key for key in sorted(self.files) if key.startswith(beginning))

    def open(self, key: str) -> AbstractContextManager[Iterable[bytes]]:
        return nullcontext(self.files[key].splitlines(keepends=True))

    def read(self, key: str) -> bytes:
        return self.files[key]

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        raise NotImplementedError

    def change(self, key: str, edit: object) -> None:
        raise NotImplementedError


def output(files: dict[str, bytes]) -> tuple[JobOutput, list[dict[str, object]]]:
    read = JobOutput(Files({f"out/{name}": content for name, content in files.items()}), "out/")
    return read, list(read.records())


@pytest.mark.parametrize(
    "files",
    [
        {"id/input.jsonl.out": LINES},
        {"id/input.jsonl.out": gzip.compress(LINES), "id/manifest.json.out": b"{}"},
        {"input.jsonl.out.gz": gzip.compress(LINES[: len(LINES) // 2]) + gzip.compress(LINES[len(LINES) // 2 :])},
        {"id/a.jsonl.out": LINES[:HALF], "id/b.jsonl.out": LINES[HALF:]},
        {"id/": b"", "id/input.jsonl.out": b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n"), "id/empty": b""},
    ],
    ids=["plain", "packed", "packed in parts", "several files", "marks and blank lines"],
)
def test_records_are_read_however_they_lie_there(files: dict[str, bytes]) -> None:
    read, records = output(files)
    whole = [record for record in records if record is not DAMAGED]
    assert whole == RECORDS and read.files >= 1 and not read.unreadable


def test_a_damaged_line_is_counted_alone() -> None:
    read, records = output({"a": LINES[:-20], "b": b""})
    assert [record for record in records if record is not DAMAGED] == RECORDS[:-1]
    assert sum(record is DAMAGED for record in records) == 1 and read.files == 1


@pytest.mark.parametrize(
    "content",
    [b"\x28\xb5\x2f\xfd" + b"\0" * 50, b"[1, 2]\n", gzip.compress(LINES, mtime=0)[:40], b"<html>", b"\x1f\x8b\x08bad"],
)
def test_a_file_without_a_record_is_named(content: bytes) -> None:
    read, records = output({"a": LINES, "b": content})
    assert len(records) == 40
    assert read.unreadable == ["s3://bucket/out/b"]


def test_a_packed_file_that_is_cut_off_gives_what_it_has() -> None:
    packed = gzip.compress(LINES, compresslevel=0)
    read, records = output({"a": packed[: len(packed) // 2]})
    assert 10 < len(records) < 40 and DAMAGED in records and not read.unreadable


def test_nothing_is_no_file() -> None:
    read, records = output({"manifest.json.out": b"{}", "id/": b""})
    assert records == [] and read.files == 0
