"""How much memory this process has used at most."""

from __future__ import annotations

import os
import resource
from pathlib import Path


class PeakMemory:
    """The peak resident memory of this process since the object was made (Linux; elsewhere since the process began)."""

    _STATUS = Path("/proc/self/status")

    def __init__(self) -> None:
        reset = Path("/proc/self/clear_refs")
        if reset.exists() and os.access(reset, os.W_OK):
            reset.write_text("5")  # 5 resets the peak resident set size, see proc(5)

    def peak_bytes(self) -> int:
        """Bytes at the highest point."""
        if self._STATUS.exists():
            for line in self._STATUS.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
