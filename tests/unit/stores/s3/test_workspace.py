"""The lock of a workspace on S3."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from omnix_cli.errors import LockedError
from omnix_cli.stores.s3.workspace import _Lease, bucket_lock
from tests.aws.buckets import TestBucket


def now() -> datetime:
    return datetime.now(UTC)


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
        lease = _Lease(bucket.at, {"command": "run"}, 0.03)
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
