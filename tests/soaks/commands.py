"""Runs commands in this process, as campaigns do thousands of times, and judges how they end."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from omnix_cli.cli import main as omnix_main

_OF_THE_CODE = re.compile(
    r"\b(Key|Type|Value|Attribute|Index|Overflow|Recursion)Error\b|NoneType|Value error|Traceback"
)
"""What a message to a user never contains."""


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Wrong(Exception):
    """A command ended with a wrong code, or its message speaks of the code."""


class Slow(BaseException):
    """A command took longer than a campaign waits."""


def omnix(*arguments: str) -> Answer:
    """Runs a command in the current folder."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = omnix_main(arguments)
    out.flush()
    return Answer(code, out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


def told(answer: Answer, command: str, *codes: int) -> Answer:
    """An answer with 0 or one of these codes and, unless it is 0, a message for a user."""
    if "in omnix: Slow" in answer.err:
        raise Slow
    if answer.code not in {0, *codes} or "a bug in omnix" in answer.err:
        raise Wrong(f"`{command}` ended with {answer.code}: {answer.err.strip()[-400:]}")
    if answer.code and "rror: " not in answer.err:
        raise Wrong(f"`{command}` ended with {answer.code} and no message")
    if speaks := _OF_THE_CODE.search(answer.err):
        raise Wrong(f"`{command}` tells of a {speaks[0]}: {answer.err.strip()[-400:]}")
    return answer


def summary(counts: Counter[str], wrong: list[str], tried: str, began: float) -> int:
    """Prints how a campaign ended that began then, and returns its exit code."""
    print("\n".join(wrong))
    print(json.dumps(dict(sorted(counts.items())), indent=1))
    print(f"{tried}, {len(wrong):,} wrong, {time.perf_counter() - began:.0f} s")
    return int(bool(wrong))


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Works in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises `Slow` in the block when it takes longer."""

    def slow(number: int, frame: FrameType | None) -> None:
        raise Slow

    before = signal.signal(signal.SIGALRM, slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
