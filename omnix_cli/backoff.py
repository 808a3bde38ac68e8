"""How long to wait before a failed request is sent again.

Source: "Exponential Backoff And Jitter", AWS Architecture Blog: clients that failed together should not come back
together, so each waits a random share of a time that doubles with every attempt.
"""

from __future__ import annotations

from random import Random


def full_jitter(attempt: int, *, base: float, cap: float, random: Random) -> float:
    """Seconds to wait after this attempt, counted from 0: a random share of min(cap, base * 2^attempt)."""
    return random.random() * min(cap, base * 2.0**attempt)
