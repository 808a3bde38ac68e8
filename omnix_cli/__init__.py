"""omnix: batch analytics on purchase history, from import to published recommendations."""

import os

__version__ = "0.1.0"

# Read by polars' allocator as it loads. Frames of tens of megabytes come and go several times a second; giving their
# memory back to the system at once, and getting it again page by page, costs a sixth of an import.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:5000,muzzy_decay_ms:5000")
