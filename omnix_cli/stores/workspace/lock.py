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
from omnix_cli.protocols.progress import MayGoOn
from omnix_cli.stores.workspace.private import FILE_MODE, private_folder


@contextmanager
def workspace_lock(workspace: Path, *, command: str, now: datetime) -> Iterator[MayGoOn]:
    """Holds the workspace's lock, and gives what raises `LockedError` if somebody deleted the file and another process
    may hold one of that name. Raises `LockedError`, which names the holder, when another process has it."""
    path = workspace / "lock"
    try:
        private_folder(workspace)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
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
        ours = json.dumps(owner(command, now))
        file.write(ours)
        file.flush()

        def check() -> None:
            try:
                is_ours = path.read_text(encoding="utf-8") == ours
            except FileNotFoundError:
                is_ours = False
            if not is_ours:
                message = f"the lock of {workspace} was deleted while this run held it"
                raise LockedError(message, hint="Run the same command again. The lock is released with its process.")

        yield check
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
