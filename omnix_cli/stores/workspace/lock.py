"""The lock that allows one run at a time in a workspace. The system releases it when the process ends or dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from omnix_cli.errors import LockedError, os_failure
from omnix_cli.stores.workspace.private import FILE_MODE, private_folder


@contextmanager
def workspace_lock(workspace: Path, *, command: str, now: datetime) -> Iterator[None]:
    """Holds the workspace's lock. Raises `LockedError`, which names the holder, when another process has it."""
    try:
        private_folder(workspace)
        descriptor = os.open(workspace / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
    except OSError as error:
        raise os_failure(error, f"the workspace {workspace} cannot be used") from error
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "Wait for it to end, or stop that process: the lock is released with it."
            raise LockedError(f"another run holds the lock of {workspace}: {holder(file.read())}", hint=hint) from None
        file.seek(0)
        file.truncate()
        file.write(json.dumps(owner(command, now)))
        file.flush()
        yield
        file.seek(0)
        file.truncate()


def owner(command: str, now: datetime) -> dict[str, str | int]:
    """The content of a lock that this process holds."""
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(), "command": command}


def identity(workspace: Path) -> str:
    """A name of the workspace that no other one has: containers on several machines may share host name and path."""
    found = workspace.stat()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        boot = ""
    return f"{socket.gethostname()}:{workspace.absolute()}#{boot}-{found.st_dev:x}-{found.st_ino:x}"


def holder(text: str | bytes) -> str:
    """The holder of a lock with this content, for people."""
    try:
        found = json.loads(text)
        return f"`omnix {found['command']}`, process {found['pid']} on {found['host']}, since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has just started"
