"""The lock of a workspace on S3."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from omnix_cli.errors import ConfigError, LockedError
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.prefix import connect
from omnix_cli.stores.s3.workspace import _Lease, bucket_lock
from tests.aws.buckets import TestBucket
from tests.aws.other_s3 import other_s3


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
        with pytest.raises(LockedError, match="while this one was stopped, slow or cut off"):
            lease.check()
        lease.release()
        assert bucket.read("lock") == b"another one's"

    def test_after_a_stop_the_holder_asks_before_it_goes_on(self, bucket: TestBucket) -> None:
        seconds = [0.0]
        lease, other = (_Lease(bucket.at, {"command": name}, 60, lambda: seconds[0]) for name in ("run", "import"))
        lease.take()
        lease.check()
        seconds[0] += 3600
        lease.check()
        assert b'"renewals":2' in bucket.read("lock"), "nobody took it: it is renewed"
        seconds[0] += 3600
        other._etag = bucket.at.head("lock").etag  # type: ignore[union-attr]
        other._write()
        for _ in range(2):
            with pytest.raises(LockedError, match="another run took the lock"):
                lease.check()
        other.check()


@pytest.mark.parametrize("ignored", ["If-None-Match", "If-Match"])
def test_a_server_that_ignores_a_condition_is_refused(bucket: TestBucket, ignored: str) -> None:
    with other_s3(bucket.url, ignores=[ignored]) as url:
        at = connect(bucket.address, S3Settings(endpoint_url=url))
        with (
            pytest.raises(ConfigError, match=f"ignores {ignored.replace('-', '')} in PutObject"),
            bucket_lock(at, command="run", now=now()),
        ):
            pass
    with bucket_lock(bucket.at, command="run", now=now()):
        assert bucket.keys() == ["lock"]


def test_a_server_that_does_not_implement_conditions_is_refused(bucket: TestBucket) -> None:
    with other_s3(bucket.url, refuses=["If-None-Match"]) as url:
        at = connect(bucket.address, S3Settings(endpoint_url=url))
        with pytest.raises(ConfigError, match="NotImplemented"), bucket_lock(at, command="run", now=now()):
            pass
