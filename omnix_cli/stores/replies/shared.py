"""Replies shared between machines, so that no machine pays for an answer that another one has.

    answers/
        replies-<hash>.jsonl    one reply a line, with its customers
        losses-<hash>.jsonl     dollars that may be on the bill although no answer came, one loss a line
        forgotten.json          dropped questions, and when they were dropped: older replies must not come back

A file is written once. It is replaced only to remove dropped replies.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import orjson
from pydantic import TypeAdapter

from omnix_cli.errors import CorruptCheckpoint, OmnixError
from omnix_cli.records import Loss
from omnix_cli.stores.replies.reply_table import KeptReply, ReplyTable
from omnix_cli.stores.workspace.folders import Folder

FILE_REPLIES = 500
"""Write a file after this many new replies ..."""
FILE_SECONDS = 20.0
"""... or this long after the last one, if there are new replies."""
FORGOTTEN = "forgotten.json"
_REPLIES, _LOSSES = _PARTS = ("replies-", "losses-")
_READERS = 8
_KEPT = TypeAdapter(KeptReply)

_log = logging.getLogger(__name__)


class SharedReplies:
    """Exchanges replies between the table of this machine and a shared folder."""

    def __init__(
        self, folder: Folder, table: ReplyTable, *, clock: Callable[[], float], file_replies: int = FILE_REPLIES
    ) -> None:
        self._folder = folder
        self._table = table
        self._clock = clock
        self._file_replies = file_replies
        self._sending = threading.RLock()
        self._new = 0
        self._sent_at = clock()

    def fetch(self) -> None:
        """Adds the replies of other machines to the table, and removes what they dropped."""
        dropped = _moments(self._read(FORGOTTEN))
        self._table.remove(dropped)
        known = self._table.files()
        new = [name for name in self._folder.names() if name.startswith(_PARTS) and name not in known]
        with ThreadPoolExecutor(_READERS) as readers:
            for name, content in zip(new, readers.map(self._read, new), strict=True):
                if content is None:
                    continue
                if name.startswith(_LOSSES):
                    self._table.add_losses(_parsed_losses(name, content), file=name)
                else:
                    self._table.add((kept for kept in _parsed(name, content) if kept.is_newer(dropped)), file=name)

    def send_if_due(self, new: int) -> None:
        """Sends when there are enough new replies or the last time is long ago. What fails is sent later."""
        self._new += new  # threads may lose a count: that only sends a little later
        is_due = self._new >= self._file_replies or self._clock() - self._sent_at >= FILE_SECONDS
        if not is_due or not self._sending.acquire(blocking=False):
            return
        try:
            self.send()
        except OmnixError as error:
            _log.warning("new replies are not shared yet: %s", error.message)
        finally:
            self._new, self._sent_at = 0, self._clock()
            self._sending.release()

    def send(self) -> None:
        """Sends all new replies."""
        with self._sending:
            while new := self._table.unshared(self._file_replies):
                self._write(new)
            if losses := self._table.unshared_losses():
                name = self._put(_LOSSES, (loss.model_dump(mode="json") for loss in losses))
                self._table.set_losses_file([loss.id for loss in losses], name)

    def drop(self, questions: Collection[str], now: datetime) -> None:
        """Removes these replies from the folder. Other machines remove them when they next open it."""
        if not (gone := set(questions)):
            return

        def noted(content: bytes | None) -> bytes:
            return orjson.dumps(_moments(content) | dict.fromkeys(sorted(gone), now), option=orjson.OPT_INDENT_2)

        self._folder.change(FORGOTTEN, noted)
        for name in sorted(self._table.files(gone)):
            content = self._read(name)
            if left := [kept for kept in _parsed(name, content or b"") if kept.reply.question not in gone]:
                self._write(left)
            self._folder.remove(name)

    def _write(self, kept: list[KeptReply]) -> None:
        name = self._put(_REPLIES, ({**one._asdict(), "reply": one.reply.model_dump(mode="json")} for one in kept))
        self._table.set_file([one.reply.question for one in kept], name)

    def _put(self, beginning: str, lines: Iterable[object]) -> str:
        """Writes a file of JSON lines and returns its name."""
        content = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        name = f"{beginning}{hashlib.sha256(content).hexdigest()[:32]}.jsonl"
        self._folder.write(name, content)
        return name

    def _read(self, name: str) -> bytes | None:
        """None when another machine has replaced the file meanwhile."""
        try:
            return self._folder.read(name)
        except FileNotFoundError:
            return None


def _parsed(name: str, content: bytes) -> list[KeptReply]:
    try:
        lines = map(orjson.loads, content.splitlines())
        return [_KEPT.validate_python({field: line[field] for field in KeptReply._fields}) for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(name, error) from error


def _parsed_losses(name: str, content: bytes) -> list[Loss]:
    try:
        return [Loss.model_validate_json(line) for line in content.splitlines()]
    except ValueError as error:
        raise _unreadable(name, error) from error


def _moments(content: bytes | None) -> dict[str, datetime]:
    """When each question was dropped."""
    try:
        times = orjson.loads(content or b"{}")
        return {question: datetime.fromisoformat(moment) for question, moment in times.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _unreadable(FORGOTTEN, error) from error


def _unreadable(name: str, error: Exception) -> CorruptCheckpoint:
    message = f"the shared replies in {name} cannot be read: {error}"
    return CorruptCheckpoint(message, hint="Restore that file from a backup.")
