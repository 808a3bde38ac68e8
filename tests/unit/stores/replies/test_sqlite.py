"""The ledger of replies as a file: what survives, what is gone for good, and what machines share."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from sqlite3 import connect

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, UnavailableError
from omnix_cli.stores.replies import shared as shared_answers
from omnix_cli.stores.replies.sqlite import SqliteAnswers
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.workspace.folders import DiskFolder, Folder
from tests.aws.buckets import TestBucket
from tests.questions import MOMENT, question, questions, reply

WRITER = """
import sys
from pathlib import Path
from omnix_cli.stores.replies.sqlite import SqliteAnswers
from tests.questions import MOMENT, questions, reply
ledger = SqliteAnswers(Path(sys.argv[1]), now=lambda: MOMENT)
for asked in questions(int(sys.argv[2]), history=sys.argv[3]):
    ledger.keep(reply(asked), asked)
    print("kept", flush=True)
print("done", flush=True)
sys.stdin.read()
"""


def opened(folder: Path, shared: Folder | None = None, *, busy_seconds: float = 30.0) -> SqliteAnswers:
    return SqliteAnswers(folder / "answers.sqlite", now=lambda: MOMENT, shared=shared, busy_seconds=busy_seconds)


def keep(ledger: SqliteAnswers, *customers: str) -> str:
    asked = question(*customers)
    ledger.keep(reply(asked), asked)
    return asked.key


def written(folder: Path) -> bytes:
    """Every byte of every file."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def writer(folder: Path, count: int, history: str = "h1") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder / "answers.sqlite"), str(count), history]
    root = Path(__file__).parents[4]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


def test_what_was_kept_survives_a_kill(tmp_path: Path) -> None:
    with writer(tmp_path, 1000) as process:
        assert process.stdout
        for _ in range(40):
            assert process.stdout.readline() == "kept\n"
        process.kill()
    with opened(tmp_path) as ledger:
        assert len(ledger.replies([asked.key for asked in questions(40)])) == 40


def test_several_processes_keep_at_a_time(tmp_path: Path) -> None:
    with writer(tmp_path, 60, "first") as one, writer(tmp_path, 60, "second") as other:
        for process in (one, other):
            assert process.stdout
            assert [line for line in iter(process.stdout.readline, "done\n")] == ["kept\n"] * 60
            process.kill()
    with opened(tmp_path) as ledger:
        asked = [*questions(60, history="first"), *questions(60, history="second")]
        assert len(ledger.replies([one.key for one in asked])) == 120


def test_no_byte_of_somebody_forgotten_is_left(tmp_path: Path) -> None:
    local, shared = tmp_path / "local", DiskFolder(tmp_path / "shared")
    with opened(local, shared) as ledger:
        gone = [keep(ledger, "ann-the-customer"), keep(ledger, "bob", "ann-the-customer")]
        left = keep(ledger, "cid-the-customer")
    assert written(tmp_path).count(b"ann-the-customer") >= 2
    with opened(local, shared) as ledger:
        assert ledger.forget("ann-the-customer") == 2
        told = written(local)
        for trace in (b"ann-the-customer", *(key.encode() for key in gone)):
            assert trace not in told
        assert b"ann-the-customer" not in written(tmp_path)
        assert left.encode() in told


def test_a_reader_that_keeps_traces_alive_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, busy_seconds=0.1) as ledger:
        keep(ledger, "ann")
        with closing(connect(tmp_path / "answers.sqlite")) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT COUNT(*) FROM replies").fetchone() == (1,)
            with pytest.raises(UnavailableError, match="still holds traces") as told:
                ledger.forget("ann")
            assert told.value.hint == "Try again when it is done."


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(CorruptCheckpoint, match=r"answers\.sqlite cannot be read"):
        opened(tmp_path)


def test_a_damaged_page_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        keys = [keep(ledger, f"customer-{number}") for number in range(50)]
    file = tmp_path / "answers.sqlite"
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(CorruptCheckpoint, match="cannot be read"), opened(tmp_path) as ledger:
        ledger.replies(keys)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The disk is as good as full once a file has so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        kept = [keep(ledger, "ann")]
        with files_of_at_most(400_000), pytest.raises(UnavailableError, match="could not be written"):
            for number in range(1000):
                kept.append(keep(ledger, f"customer-{number}"))
        assert 1 < len(kept) < 1000
        assert len(ledger.replies(kept)) == len(kept)
        keep(ledger, "after")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="could not be written"):
        opened(tmp_path / "file")


def test_another_machine_never_asks_what_one_was_answered(tmp_path: Path, bucket: TestBucket) -> None:
    shared = S3Folder(bucket.at.within("team").within("answers"))
    with opened(tmp_path / "one", shared) as one:
        keys = [keep(one, f"customer-{number}") for number in range(5)]
        with opened(tmp_path / "other", shared) as early:
            assert early.replies(keys) == {}
            own = keep(early, "dan")
    assert len(bucket.keys("team/answers/replies-")) == 2
    with opened(tmp_path / "other", shared) as other:
        assert other.replies(keys).keys() == set(keys)
        assert other.replies([own]).keys() == {own}
    with opened(tmp_path / "one", shared) as one:
        assert one.replies([own]).keys() == {own}
    assert len(bucket.keys("team/answers/replies-")) == 2, "nothing goes there twice"


def test_replies_are_shared_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "FILE_REPLIES", 4)
    shared, seconds = DiskFolder(tmp_path / "shared"), [0.0]
    path = tmp_path / "answers.sqlite"
    with SqliteAnswers(path, now=lambda: MOMENT, shared=shared, clock=lambda: seconds[0]) as ledger:
        for number in range(9):
            keep(ledger, f"customer-{number}")
        assert len(shared.names()) == 2, "two times four, and one that waits"
        seconds[0] = shared_answers.FILE_SECONDS
        keep(ledger, "late")
        assert len(shared.names()) == 3


def test_what_a_killed_process_did_not_share_is_shared_by_the_next(tmp_path: Path) -> None:
    shared = DiskFolder(tmp_path / "shared")
    with writer(tmp_path, 3) as process:
        assert process.stdout
        assert "done\n" in iter(process.stdout.readline, "")
        process.kill()
    with opened(tmp_path, shared):
        assert shared.names() == []
    with opened(tmp_path / "other", shared) as other:
        assert len(other.replies([asked.key for asked in questions(3)])) == 3


class Unreachable(DiskFolder):
    """A folder that nothing can be written to."""

    def write(self, name: str, content: bytes) -> None:
        raise UnavailableError("the bucket cannot be reached")


def test_a_folder_that_cannot_be_reached_costs_no_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "FILE_REPLIES", 1)
    ledger = opened(tmp_path, Unreachable(tmp_path / "shared"))
    key = keep(ledger, "ann")
    with pytest.raises(UnavailableError, match="the bucket cannot be reached"):
        ledger.close()
    with pytest.raises(ConfigError, match="another error"), opened(tmp_path, Unreachable(tmp_path / "shared")):
        raise ConfigError("another error")
    shared = DiskFolder(tmp_path / "shared")
    with opened(tmp_path, shared) as ledger:
        assert ledger.replies([key]).keys() == {key}
    assert len(shared.names()) == 1


def test_the_forgotten_do_not_come_back_from_another_machine(tmp_path: Path, bucket: TestBucket) -> None:
    shared = S3Folder(bucket.at.within("answers"))
    with opened(tmp_path / "one", shared) as one:
        gone, left = keep(one, "ann"), keep(one, "bob")
    with opened(tmp_path / "other", shared) as other:
        assert other.forget("ann") == 1
    assert b'"ann"' not in b"".join(bucket.read(key) for key in bucket.keys("answers/"))
    with opened(tmp_path / "one", shared) as one:
        assert one.replies([gone, left]).keys() == {left}
        asked = question("ann")
        one.keep(reply(asked, replied_at=MOMENT + timedelta(days=1)), asked)
    with opened(tmp_path / "other", shared) as other:
        assert other.replies([gone]).keys() == {gone}, "asked again later, of their own will"


@pytest.mark.parametrize(
    ("name", "content"), [("replies-abc.jsonl", b'{"reply": {}}\n'), ("forgotten.json", b'{"question": 1}')]
)
def test_a_damaged_shared_file_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    shared = DiskFolder(tmp_path / "shared")
    shared.write(name, content)
    with pytest.raises(CorruptCheckpoint, match=f"{name} cannot be read"):
        opened(tmp_path, shared)


def test_what_is_dropped_is_asked_again_and_stays_then(tmp_path: Path) -> None:
    shared = DiskFolder(tmp_path / "shared")
    with opened(tmp_path / "one", shared) as one:
        key, left = keep(one, "ann"), keep(one, "bob")
        assert one.seconds_per_reply(model=question("ann").model) == 1.5
        assert one.seconds_per_reply(model="another") is None
    with opened(tmp_path / "other", shared) as other:
        other.drop([key])
        assert other.replies([key, left]).keys() == {left}
        asked = question("ann")
        other.keep(reply(asked, text="better", replied_at=MOMENT + timedelta(seconds=1)), asked)
    with opened(tmp_path / "one", shared) as one:
        assert one.replies([key])[key].text == "better"
