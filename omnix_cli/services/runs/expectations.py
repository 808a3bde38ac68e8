"""What the steps of a run are expected to take: as much as they took last, in proportion to the purchases since then.

Where a step has never run, a table of what it took elsewhere stands in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError
from omnix_cli.protocols.checkpoints import RunRecords
from omnix_cli.records import RunRecord, StepRecord

BASE_BYTES = 450_000_000
"""What omnix takes before the first row: Python, its libraries and their threads."""
_LOOK_BACK = 30
"""So many of the newest runs are looked at."""


@dataclass(frozen=True)
class Expectation:
    """What a step is expected to take: rows read and made (0: nobody knows), seconds, and the peak of the whole process
    in bytes."""

    seconds: float
    peak_bytes: int
    rows_in: int = 0
    rows_out: int = 0


_ELSEWHERE: Mapping[str, tuple[float, int, int]] = {
    "similarity": (4.0, 1_400, 500),
    "cycles": (1.5, 900, 500),
    "rhythms": (4.0, 850, 500),
    "predict": (2.5, 800, 500),
    "popularity": (1.5, 850, 500),
    "ranker": (12.0, 750, 500),
    "ranking": (4.0, 900, 500),
    "assortment": (0.4, 400, 300),
    "recommend": (3.0, 1_100, 500),
    "shop_lists": (3.0, 1_500, 500),
    "shop_orders": (0.2, 400, 300),
    "shopping_patterns": (0.3, 400, 300),
    "segments": (0.1, 400, 300),
    "publish": (6.0, 900, 500),
}
"""Seconds for a million purchases, and bytes for each above `BASE_BYTES`: as the step works by default, and at least.
Measured on a grocer's year (1.47 million lines, 2 cores)."""
_UNKNOWN = (1.0, 400, 300)
_CAUTION = 1.1
"""A peak is never quite the same again."""


@dataclass(frozen=True)
class Expectations:
    """What each step is expected to take, with so many imported `purchases` (rows)."""

    records: RunRecords
    purchases: int

    def of(self, step: str) -> Expectation:
        """What a step is expected to take."""
        known = self._known.get(step)
        if known is None:
            seconds, row_bytes, _ = _ELSEWHERE.get(step, _UNKNOWN)
            return Expectation(round(seconds * self.purchases / 1e6, 1), BASE_BYTES + row_bytes * self.purchases)
        done, purchases = known
        grown = self.purchases / purchases if purchases else 1.0
        above = max(0, done.peak_memory_bytes - BASE_BYTES)
        return Expectation(
            seconds=round(done.seconds * grown, 1),
            peak_bytes=min(done.peak_memory_bytes, BASE_BYTES) + int(above * grown),
            rows_in=int(done.rows_in * grown),
            rows_out=int(done.rows_out * grown),
        )

    def last(self, step: str) -> StepRecord | None:
        """The newest record of a step that did something."""
        return self._known[step][0] if step in self._known else None

    def check(self, steps: Collection[str], allowed: int) -> None:
        """Raises `ConfigError` when one of the steps needs more than the allowed bytes, however it works."""
        needs = {step: self._least_bytes(step) for step in steps}
        if not needs or max(needs.values()) <= allowed:
            return
        step = max(needs, key=needs.__getitem__)
        message = f"engine.max_memory: {_in_mb(allowed)} cannot be kept, {step} needs {_in_mb(needs[step])}"
        purchases = counted(self.purchases, "purchase")
        raise ConfigError(f"{message} for {purchases}", hint=f"Allow at least {_in_mb(needs[step])}.")

    def _least_bytes(self, step: str) -> int:
        """The peak of the process that no smaller parts of the work can lower; never more than what it took before."""
        _, _, row_bytes = _ELSEWHERE.get(step, _UNKNOWN)
        least = BASE_BYTES + row_bytes * self.purchases
        return min(least, int(self.of(step).peak_bytes * _CAUTION)) if step in self._known else least

    @property
    def published(self) -> RunRecord | None:
        """The newest run that published."""
        runs = islice(self.records.newest_first(), _LOOK_BACK)
        return next((run for run in runs if (step := run.step("publish")) and step.status in ("ran", "reused")), None)

    @cached_property
    def _known(self) -> dict[str, tuple[StepRecord, int]]:
        """The newest record of each step that ran, and the purchases of that run."""
        found: dict[str, tuple[StepRecord, int]] = {}
        for run in islice(self.records.newest_first(), _LOOK_BACK):
            for step in run.steps:
                if step.status == "ran":
                    found.setdefault(step.name, (step, run.source_rows.get("purchases", 0)))
        return found


def _in_mb(size: int) -> str:
    return f"{-(-size // 1_000_000):,}MB".replace(",", "")
