"""How the kernels are compiled: by numba, without the GIL, cached on disk in the user's cache folder.

The folder is named after a digest of all kernel sources: numba itself notices a change in a function's own
file, but not in a function that it calls in another file. It is outside the installation, so a read-only install
works. `NUMBA_CACHE_DIR` puts it elsewhere.

numba runs what it finds in its cache. So the folder is used only if nobody but the user and root can put something
there. Otherwise, and without any writable folder, every process compiles the kernels again.

Kernels assign element by element: assigning slices would make numba compile the text of its error messages, which
takes longer than compiling the kernels.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])

_log = logging.getLogger(__name__)
_config: Any = numba.config


def cache_folder() -> Path | None:
    """The folder, made if it is missing; None, with a warning if it could be mended, where there is none to trust.

    It is `$XDG_CACHE_HOME/omnix/kernels-<digest>`, by default under `~/.cache`."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "omnix"
    except RuntimeError:  # neither HOME nor an entry in the system's list of users
        return None
    folder = Path(_config.CACHE_DIR or caches).absolute() / f"kernels-{digest.hexdigest()[:16]}"
    try:
        _make_private(folder)
        reason = distrust(folder)
    except OSError:  # a full disk, a file system that cannot be written to
        return None
    if reason:
        _log.warning("the compiled kernels are not kept in %s: %s. Starting takes longer", folder, reason)
    return None if reason else folder


def distrust(folder: Path) -> str | None:
    """Why others may have put something into a folder, or may do so; None if they cannot.

    The folder must be the user's own, and nobody else may write to it. Those above it, and links among them, must be
    the user's or root's, and closed to others or sticky, as /tmp is: who can write to a folder can exchange what is in
    it. Source: what OpenSSH's `StrictModes` checks (sshd_config(5)); sticky folders in inode(7)."""
    real = folder.resolve()
    owners = {os.geteuid(), 0}
    for path in dict.fromkeys((folder, *folder.parents, real, *real.parents)):
        is_own = path in (folder, real)
        found = path.stat()
        if not {found.st_uid, path.lstat().st_uid} <= ({os.geteuid()} if is_own else owners):
            return f"{path} belongs to another user"
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and (is_own or not found.st_mode & stat.S_ISVTX):
            return f"others may write to {path} (`chmod go-w {path}`)"
    return None


def _make_private(folder: Path) -> None:
    if not folder.is_dir():
        _make_private(folder.parent)
        with suppress(FileExistsError):  # another process was faster
            folder.mkdir(0o700)


CACHE_FOLDER = cache_folder()


def compiled(function: _Function) -> _Function:
    """The function compiled by numba: releases the GIL, divides like numpy, cached in `CACHE_FOLDER`."""
    before = _config.CACHE_DIR
    try:
        if CACHE_FOLDER is not None:
            _config.CACHE_DIR = str(CACHE_FOLDER)
            return cast("_Function", numba.njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba cannot write to it
        pass
    finally:
        _config.CACHE_DIR = before
    return cast("_Function", numba.njit(nogil=True, error_model="numpy")(function))


def is_cached() -> bool:
    """Whether this machine compiled these kernels before, so that they load in a fraction of a second."""
    return CACHE_FOLDER is not None and any(CACHE_FOLDER.rglob("co_purchase.walk_*.nbc"))
