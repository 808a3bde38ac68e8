"""What models were asked and answered about a customer: the ledger, and the files of batch jobs."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from omnix_cli.records import BatchJob
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.s3.folders import S3Folder

_GZIP = b"\x1f\x8b"
_QUESTIONS, _RECORD = "questions.jsonl", "job.json"


@dataclass(frozen=True)
class KeptAnswers:
    """Implements `kept_places.Place` for the ledger of replies."""

    answers: SqliteAnswers
    name: str = "answers"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for reply, day in self.answers.about(traces.customer):
            yield Piece("answers.sqlite", {"as_of": day, **reply.model_dump(mode="json")})

    def erase(self, traces: Traces) -> int:
        count = self.answers.forget(traces.customer)
        self.answers.overwrite_deleted()
        return count


@dataclass(frozen=True)
class BatchJobFiles:
    """Implements `kept_places.Place` for the files of batch jobs. Requests and answers name customers by their
    `pseudonym`, if there is a key for it; questions by their ids. A line goes with all the customers of its question.

    The files of a job that has not ended stay: Bedrock may be reading them. `open_jobs` names such jobs."""

    objects: S3Folder
    pseudonym: Callable[[str], str] | None
    name: str = "batch jobs"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for _, paths in self._jobs():
            is_mine = self._is_mine(paths, traces)
            for path in paths:
                for line in _lines(self.objects.read(path)):
                    if is_mine(line):
                        yield Piece(self.objects.address(path), _record(line) or line.decode(errors="replace"))

    def erase(self, traces: Traces) -> int:
        erased = 0
        for _, paths in self._jobs():
            if self._is_open(paths):
                continue
            is_mine = self._is_mine(paths, traces)
            # the questions last: they say which of the other lines are about the customer
            for path in sorted(paths, key=lambda path: path.endswith(f"/{_QUESTIONS}")):
                content = self.objects.read(path)
                lines = list(_lines(content))
                left = [line for line in lines if not is_mine(line)]
                if len(left) < len(lines):
                    self.objects.write(path, _packed(left, content))
                    erased += len(lines) - len(left)
        return erased

    def open_jobs(self, traces: Traces) -> list[str]:
        """The jobs that have not ended and have a question about the customer."""
        return [
            job
            for job, paths in self._jobs()
            if self._is_open(paths) and any(map(self._is_mine(paths, traces), self._questions(paths)))
        ]

    def _jobs(self) -> Iterator[tuple[str, list[str]]]:
        for job, paths in groupby(self.objects.keys("omnix-"), key=lambda path: path.partition("/")[0]):
            yield job, [path for path in paths if not path.endswith("/")]

    def _is_open(self, paths: list[str]) -> bool:
        record = next((path for path in paths if path.endswith(f"/{_RECORD}")), None)
        if record is None:
            return False
        try:
            job = BatchJob.model_validate_json(self.objects.read(record))
        except ValueError:  # nothing can be collected of it either
            return False
        return job.arn is not None and not job.ended

    def _questions(self, paths: list[str]) -> Iterator[bytes]:
        for path in paths:
            if path.endswith(f"/{_QUESTIONS}"):
                yield from _lines(self.objects.read(path))

    def _is_mine(self, paths: list[str], traces: Traces) -> Callable[[bytes], bool]:
        keys = set[str]()
        for line in self._questions(paths):
            record = _record(line)
            if record and traces.customer in record.get("customers", ()):
                keys.add(str(record.get("key")))
        name = self.pseudonym(traces.customer).encode() if self.pseudonym else None

        def is_mine(line: bytes) -> bool:
            record = _record(line)
            if record is not None and keys & {str(record.get("recordId")), str(record.get("key"))}:
                return True
            return (name is not None and name in line) or (record is not None and traces.in_value(record))

        return is_mine


def _lines(content: bytes) -> Iterator[bytes]:
    try:
        plain = gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError, zlib.error):  # damaged: the search reads its bytes
        plain = b""
    yield from (line for line in plain.split(b"\n") if line.strip())


def _packed(lines: list[bytes], before: bytes) -> bytes:
    content = b"".join(line + b"\n" for line in lines)
    return gzip.compress(content, mtime=0) if before.startswith(_GZIP) else content


def _record(line: bytes) -> Mapping[str, Any] | None:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None
