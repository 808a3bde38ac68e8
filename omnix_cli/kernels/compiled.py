"""How the kernels are compiled: by numba, without the GIL, cached on disk in the user's cache folder.

The folder is named after a digest of all kernel sources: numba itself notices a change in a function's own
file, but not in a function that it calls in another file. It is outside the installation, so a read-only install
works; without any writable folder every process compiles the kernels again. `NUMBA_CACHE_DIR` overrides it.

Kernels assign element by element: assigning slices would make numba compile the text of its error messages, which
takes longer than compiling the kernels.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _cache_folder() -> Path:
    """`$XDG_CACHE_HOME/omnix/kernels-<digest>`, by default under `~/.cache`."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        caches = caches.expanduser()
    except RuntimeError:  # the user of a container may have no home, and nothing is cached then
        caches = Path(os.devnull)
    return caches / "omnix" / f"kernels-{digest.hexdigest()[:16]}"


_config: Any = numba.config
CACHE_FOLDER = Path(_config.CACHE_DIR) if _config.CACHE_DIR else _cache_folder()


def compiled(function: _Function) -> _Function:
    """The function compiled by numba: releases the GIL, divides like numpy, cached in `CACHE_FOLDER`."""
    before, _config.CACHE_DIR = _config.CACHE_DIR, str(CACHE_FOLDER)
    try:
        return cast("_Function", numba.njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba found no writable folder
        return cast("_Function", numba.njit(nogil=True, error_model="numpy")(function))
    finally:
        _config.CACHE_DIR = before


def is_cached() -> bool:
    """Whether this machine compiled these kernels before, so that they load in a fraction of a second."""
    return any(CACHE_FOLDER.rglob("co_purchase.walk_*.nbc"))
