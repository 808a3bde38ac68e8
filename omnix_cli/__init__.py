"""omnix: batch analytics on purchase history, from import to published recommendations.

Start with `open_workspace`; see `omnix_cli.api.workspace`.
"""

import importlib
import os
from typing import Any

__version__ = "0.2.0"
__all__ = ["Workspace", "__version__", "open_workspace"]

# Read by polars' allocator as it loads. Frames of tens of megabytes come and go several times a second; returning their
# memory to the system at once, and getting it back page by page, costs a sixth of an import.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:5000,muzzy_decay_ms:5000")


def __getattr__(name: str) -> Any:
    if name in ("Workspace", "open_workspace"):  # loaded when asked for, so that `omnix --help` stays light
        return getattr(importlib.import_module("omnix_cli.api.workspace"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
