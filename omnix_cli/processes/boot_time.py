"""A clock for leases: one that nobody sets, and that goes on while the process or the machine is stopped."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Of these two, only CLOCK_BOOTTIME counts the time that the machine was suspended (man 2 clock_gettime); Linux has
it."""


def boot_seconds() -> float:
    """Seconds since the machine was started."""
    return time.clock_gettime(_CLOCK)
