"""The ledger shared between machines."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, UnavailableError
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.replies.shared import FILE_SECONDS
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.aws.buckets import TestBucket
from tests.questions import MOMENT, question, questions, reply
from tests.unit.stores.replies.ledgers import keep, opened, writer


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


def test_replies_are_shared_under_way(tmp_path: Path) -> None:
    shared, seconds = DiskFolder(tmp_path / "shared"), [0.0]
    path = tmp_path / "answers.sqlite"
    with SqliteAnswers(path, now=lambda: MOMENT, shared=shared, clock=lambda: seconds[0], file_replies=4) as ledger:
        for number in range(9):
            keep(ledger, f"customer-{number}")
        assert len(shared.names()) == 2, "two times four, and one that waits"
        seconds[0] = FILE_SECONDS
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


def test_a_folder_that_cannot_be_reached_costs_no_reply(tmp_path: Path) -> None:
    ledger = opened(tmp_path, Unreachable(tmp_path / "shared"), file_replies=1)
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
def test_a_damaged_shared_file_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
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
