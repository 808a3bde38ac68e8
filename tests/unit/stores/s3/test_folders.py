"""What is particular to S3; `tests/contracts/test_checkpoints.py` has what all places promise."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import LockedError
from omnix_cli.stores.s3 import lock as s3_lock
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.folders import S3Folder, S3Shelf
from omnix_cli.stores.s3.lock import bucket_lock
from omnix_cli.stores.s3.prefix import unchanged
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from tests.aws.buckets import TestBucket


def now() -> datetime:
    return datetime.now(UTC)


def checkpoints(bucket: TestBucket) -> ParquetCheckpoints:
    return ParquetCheckpoints(S3Shelf(bucket.at.within("team"), now, timedelta(days=1)), now=now)


def writing(bucket: TestBucket, number: int) -> Any:
    return checkpoints(bucket).write(key="count-1", step="count", version="1", parameters={}, inputs={"n": str(number)})


class TestTwoWriters:
    def write_both(self, bucket: TestBucket, first: int, second: int) -> None:
        with writing(bucket, 1) as one:
            one.append("numbers", pl.DataFrame({"n": [first]}))
            with writing(bucket, 2) as other:
                other.append("numbers", pl.DataFrame({"n": [second]}))

    def stands(self, bucket: TestBucket) -> list[int]:
        found = checkpoints(bucket).find("count-1")
        assert found is not None
        return found.frame("numbers").scan().collect()["n"].to_list()

    @pytest.mark.parametrize("is_there", [False, True])
    def test_the_first_to_commit_wins_and_the_other_is_told(self, bucket: TestBucket, is_there: bool) -> None:
        if is_there:
            with writing(bucket, 0) as writer:
                writer.append("numbers", pl.DataFrame({"n": [0]}))
        with pytest.raises(LockedError, match="another run has just written"):
            self.write_both(bucket, 1, 2)
        assert self.stands(bucket) == [2]

    def test_who_writes_the_same_has_nothing_to_complain(self, bucket: TestBucket) -> None:
        self.write_both(bucket, 7, 7)
        assert self.stands(bucket) == [7]
        assert len(bucket.keys("team/count-1/")) == 2


class TestFolder:
    def test_no_change_gets_lost(self, bucket: TestBucket) -> None:
        folder = S3Folder(bucket.at.within("team"))

        def add(number: int) -> None:
            folder.change("list", lambda content: (content or b"") + f"{number};".encode())

        threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(folder.read("list").split(b";")[:-1]) == [b"0", b"1", b"2", b"3", b"4"]

    def test_only_its_own_files_are_named(self, bucket: TestBucket) -> None:
        folder = S3Folder(bucket.at.within("team").within("runs"))
        folder.write("b.json", b"b")
        folder.write("a.json", b"a")
        bucket.write("team/runs/deeper/c.json", b"c")
        bucket.write("team/imports.json", b"d")
        assert folder.names() == ["a.json", "b.json"]
        folder.remove("a.json")
        with pytest.raises(FileNotFoundError):
            folder.read("a.json")


class TestConditions:
    def test_a_new_object_is_put_once(self, bucket: TestBucket) -> None:
        bucket.at.put("a", b"1", unchanged(None))
        with pytest.raises(Changed):
            bucket.at.put("a", b"2", unchanged(None))

    def test_a_put_whose_answer_was_lost_is_recognised(self, bucket: TestBucket) -> None:
        tag = bucket.at.put("a", b"1", unchanged(None))
        assert bucket.at.put("a", b"1", unchanged(None)) == tag

    def test_what_was_deleted_was_changed(self, bucket: TestBucket) -> None:
        tag = bucket.at.put("a", b"1")
        bucket.delete("a")
        with pytest.raises(Changed):
            bucket.at.put("a", b"2", unchanged(tag))


class TestLock:
    def test_a_second_run_is_told_who_holds_it(self, bucket: TestBucket) -> None:
        with (
            bucket_lock(bucket.at, command="run", now=now()),
            pytest.raises(LockedError, match="`omnix run`, process"),
            bucket_lock(bucket.at, command="import", now=now()),
        ):
            pass
        with bucket_lock(bucket.at, command="import", now=now()):
            pass

    def test_the_lock_of_a_dead_process_ends(self, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> None:
        bucket.write("lock", b'{"command": "run", "pid": 1, "host": "gone", "since": "2018"}')
        with pytest.raises(LockedError, match="process 1 on gone"), bucket_lock(bucket.at, command="run", now=now()):
            pass
        with bucket_lock(bucket.at, command="run", now=now(), lease_seconds=0):
            assert b'"pid":1,' not in bucket.read("lock")

    def test_a_live_holder_renews_and_notices_a_loss(
        self, bucket: TestBucket, caplog: pytest.LogCaptureFixture
    ) -> None:
        lease = s3_lock._Lease(bucket.at, {"command": "run"}, 0.03)
        lease.take()
        first = bucket.read("lock")
        done = threading.Event()
        renewing = threading.Thread(target=lease.renew, args=(done,))
        renewing.start()
        while bucket.read("lock") == first:
            pass
        bucket.write("lock", b"another one's")
        renewing.join(timeout=10)
        assert "another run took the lock" in caplog.text
        lease.release()
        assert bucket.read("lock") == b"another one's"
