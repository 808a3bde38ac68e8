"""Ledgers for tests: opened as a process opens them, and written to by another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.workspace.folders import Folder
from tests.questions import MOMENT, question, reply

WRITER = """
import sys
from pathlib import Path
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.questions import MOMENT, questions, reply
ledger = SqliteAnswers(Path(sys.argv[1]), now=lambda: MOMENT)
for asked in questions(int(sys.argv[2]), history=sys.argv[3]):
    ledger.keep(reply(asked), asked)
    print("kept", flush=True)
print("done", flush=True)
sys.stdin.read()
"""


def opened(
    folder: Path, shared: Folder | None = None, *, busy_seconds: float = 30.0, file_replies: int = 500
) -> SqliteAnswers:
    return SqliteAnswers(
        folder / "answers.sqlite",
        now=lambda: MOMENT,
        shared=shared,
        busy_seconds=busy_seconds,
        file_replies=file_replies,
    )


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
