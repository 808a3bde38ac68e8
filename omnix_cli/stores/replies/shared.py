"""The replies that machines share: small files in one folder, so that nobody pays for what another one was answered.

    answers/
        replies-<hash>.jsonl    a reply a line, and about whom it was
        forgotten.json          the questions whose replies are not to come back, and when that was said

A file is written once. It is replaced only by one without the replies about somebody who is to be forgotten.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import orjson

from omnix_cli.errors import CorruptCheckpoint, OmnixError
from omnix_cli.records import Reply
from omnix_cli.stores.workspace.folders import Folder

FILE_REPLIES = 500
"""A file is written when so many replies are new ..."""
FILE_SECONDS = 20.0
"""... or so long after the last one, when there is a new one."""
FORGOTTEN = "forgotten.json"
_READERS = 8

_log = logging.getLogger(__name__)


class KeptReply(NamedTuple):
    """A reply, the day it was asked for, and about whom."""

    reply: Reply
    as_of: date
    customers: tuple[str, ...]
    histories: tuple[str, ...]
    priors: tuple[str, ...]

    def stands(self, forgotten: Mapping[str, datetime]) -> bool:
        """Whether it came after its question was to be forgotten, or that was never said."""
        moment = forgotten.get(self.reply.question)
        return moment is None or self.reply.replied_at > moment


class Replies(Protocol):
    """The replies of this machine, as far as sharing needs them."""

    def add(self, kept: Iterable[KeptReply], file: str | None = None) -> None: ...
    def unshared(self, count: int) -> list[KeptReply]: ...
    def set_file(self, questions: Collection[str], file: str) -> None: ...
    def files(self, questions: Collection[str] | None = None) -> set[str]: ...
    def remove(self, questions: Mapping[str, datetime]) -> None: ...


class SharedAnswers:
    """Brings the replies of this machine and those in a folder together."""

    def __init__(self, folder: Folder, replies: Replies, *, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._replies = replies
        self._clock = clock
        self._sending = threading.Lock()
        self._new = 0
        self._sent_at = clock()

    def fetch(self) -> None:
        """Takes in what others put there, and removes what is to be forgotten."""
        forgotten = _moments(self._read(FORGOTTEN))
        self._replies.remove(forgotten)
        known = self._replies.files()
        new = [name for name in self._folder.names() if name.startswith("replies-") and name not in known]
        with ThreadPoolExecutor(_READERS) as readers:
            for name, content in zip(new, readers.map(self._read, new), strict=True):
                if content is not None:
                    self._replies.add((kept for kept in _parsed(name, content) if kept.stands(forgotten)), file=name)

    def send_if_due(self, new: int) -> None:
        """Sends when there is enough or the last time is long ago; what does not arrive is sent again later."""
        self._new += new  # a count that threads spoil a little only moves the moment
        is_due = self._new >= FILE_REPLIES or self._clock() - self._sent_at >= FILE_SECONDS
        if not is_due or not self._sending.acquire(blocking=False):
            return
        try:
            self._send()
        except OmnixError as error:
            _log.warning("replies could not be shared yet: %s", error.message)
        finally:
            self._new, self._sent_at = 0, self._clock()
            self._sending.release()

    def send(self) -> None:
        """Sends all that is new."""
        with self._sending:
            self._send()

    def forget(self, questions: Collection[str], now: datetime) -> None:
        """Removes these replies from the folder; other machines remove them at their next opening."""
        gone = set(questions)
        if not gone:
            return

        def noted(content: bytes | None) -> bytes:
            known = _moments(content) | dict.fromkeys(sorted(gone), now)
            return orjson.dumps(known, option=orjson.OPT_INDENT_2)

        self._folder.change(FORGOTTEN, noted)
        for name in sorted(self._replies.files(gone)):
            content = self._read(name)
            left = [kept for kept in _parsed(name, content or b"") if kept.reply.question not in gone]
            if left:
                self._write(left)
            self._folder.remove(name)

    def _send(self) -> None:
        while new := self._replies.unshared(FILE_REPLIES):
            self._write(new)

    def _write(self, kept: list[KeptReply]) -> None:
        content = b"".join(orjson.dumps(_line(one)) + b"\n" for one in kept)
        name = f"replies-{hashlib.sha256(content).hexdigest()[:32]}.jsonl"
        self._folder.write(name, content)
        self._replies.set_file([one.reply.question for one in kept], name)

    def _read(self, name: str) -> bytes | None:
        """None where somebody replaced the file meanwhile."""
        try:
            return self._folder.read(name)
        except FileNotFoundError:
            return None


def _line(kept: KeptReply) -> dict[str, Any]:
    return {**kept._asdict(), "reply": kept.reply.model_dump(mode="json")}


def _parsed(name: str, content: bytes) -> list[KeptReply]:
    try:
        lines = [orjson.loads(line) for line in content.splitlines()]
        return [
            KeptReply(
                Reply.model_validate(line["reply"]),
                date.fromisoformat(line["as_of"]),
                tuple(line["customers"]),
                tuple(line["histories"]),
                tuple(line["priors"]),
            )
            for line in lines
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(name, error) from error


def _moments(content: bytes | None) -> dict[str, datetime]:
    """By question, until when replies to it are to be forgotten."""
    try:
        told = orjson.loads(content or b"{}")
        return {question: datetime.fromisoformat(moment) for question, moment in told.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _unreadable(FORGOTTEN, error) from error


def _unreadable(name: str, error: Exception) -> CorruptCheckpoint:
    return CorruptCheckpoint(
        f"the shared replies in {name} cannot be read: {error}", hint="Put that file back from a copy."
    )
