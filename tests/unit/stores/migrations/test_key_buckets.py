"""Buckets hold every row once, all rows of a key together."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.stores.migrations.key_buckets import KeyBuckets


@pytest.mark.parametrize("rows_in_memory", [1, 7, 1_000])
def test_every_row_is_in_one_bucket_with_the_others_of_its_key(tmp_path: Path, rows_in_memory: int) -> None:
    buckets = KeyBuckets(tmp_path, rows_in_memory=rows_in_memory)
    rows = [(f"k{number}", bytes([number])) for number in range(50)]
    for start in range(0, 50, 5):
        buckets.add("source", rows[start : start + 5])
        buckets.add("target", rows[start : start + 5])
    frames = list(buckets.buckets())
    assert sum(frame.height for frame in frames) == 100
    for frame in frames:
        assert frame.columns == ["side", "key", "checksum"]
        assert set(frame.group_by("key").len()["len"]) == {2}


def test_without_rows_there_is_no_bucket(tmp_path: Path) -> None:
    assert list(KeyBuckets(tmp_path).buckets()) == []
