from __future__ import annotations

import pytest

from omnix_cli.stores.s3.objects import S3Objects
from tests.aws.buckets import TestBucket


@pytest.fixture
def objects(bucket: TestBucket) -> S3Objects:
    return S3Objects(f"{bucket.address}/batch", bucket.settings)


def test_lines_come_back_as_they_were_written(objects: S3Objects, bucket: TestBucket) -> None:
    lines = [b"%d %s\n" % (number, b"x" * 1000) for number in range(40_000)]  # more than one part of an upload
    objects.write_lines("job-1/input.jsonl", iter(lines))
    with objects.open("job-1/input.jsonl") as found:
        assert list(found) == lines
    assert objects.address("job-1/input.jsonl") == f"{bucket.address}/batch/job-1/input.jsonl"
    assert bucket.keys() == ["batch/job-1/input.jsonl"]


def test_what_is_not_there(objects: S3Objects) -> None:
    with pytest.raises(FileNotFoundError, match=r"s3://.*/batch/job-1"):
        objects.read("job-1")
    with pytest.raises(FileNotFoundError, match=r"s3://.*/batch/job-1"):
        objects.open("job-1")


def test_keys_are_those_that_begin_so(objects: S3Objects) -> None:
    for key in ("b/2", "a/1", "b/1"):
        objects.write_lines(key, [b"x"])
    assert list(objects.keys("b/")) == ["b/1", "b/2"]
    assert list(objects.keys("")) == ["a/1", "b/1", "b/2"]


def test_no_change_gets_lost(objects: S3Objects) -> None:
    def add(number: int) -> None:
        objects.change("numbers", lambda content: b"%s%d " % (content or b"", number))

    for number in range(3):
        add(number)
    assert objects.read("numbers") == b"0 1 2 "

    def late(content: bytes | None) -> bytes:
        if b"3" not in (content or b""):
            add(3)  # another machine was faster
        return b"%s4 " % (content or b"")

    objects.change("numbers", late)
    assert objects.read("numbers") == b"0 1 2 3 4 "
