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
    "import": (0.5, 110, 2_000),
    "similarity": (4.0, 60, 25_000),
    "cycles": (1.5, 60, 18_000),
    "rhythms": (4.0, 115, 18_000),
    "predict": (2.5, 90, 18_000),
    "popularity": (1.5, 240, 18_000),
    "ranker": (12.0, 150, 18_000),
    "ranking": (4.0, 150, 18_000),
    "assortment": (0.4, 60, 18_000),
    "recommend": (3.0, 130, 18_000),
    "shop_lists": (3.0, 60, 26_000),
    "shop_orders": (0.2, 60, 24_000),
    "shopping_patterns": (0.3, 60, 24_000),
    "segments": (0.1, 60, 24_000),
    "publish": (6.0, 60, 24_000),
}
"""Seconds for a million purchases; bytes for a purchase and for a product (with 50 neighbours) above `BASE_BYTES`, of
which later steps still hold much. Measured on 71,000 purchases of 17,500 products, 1.5 million of 92,000, and 50
million of 50,000, on 2 cores; the bytes are those of the highest peak, rounded up."""
_UNKNOWN = (1.0, 60, 24_000)
_NEIGHBOURS = 50


@dataclass(frozen=True)
class Expectations:
    """What each step is expected to take, with so many imported `purchases` (rows) and `products`, which have at most
    `neighbours` neighbours each."""

    records: RunRecords
    purchases: int
    products: int = 0
    neighbours: int = _NEIGHBOURS

    def of(self, step: str) -> Expectation:
        """What a step is expected to take."""
        known = self._known.get(step)
        if known is None:
            seconds, *_ = _ELSEWHERE.get(step, _UNKNOWN)
            return Expectation(round(seconds * self.purchases / 1e6, 1), self._most_bytes(step))
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
        """Raises `ConfigError` when one of the steps may need more than the allowed bytes."""
        needs = {step: self._most_bytes(step) for step in steps}
        if not needs or max(needs.values()) <= allowed:
            return
        step = max(needs, key=needs.__getitem__)
        rows = f"{counted(self.purchases, 'purchase')} of {counted(self.products, 'product')}"
        message = f"engine.max_memory cannot be kept: {_in_mb(allowed)} are allowed, {step} needs {_in_mb(needs[step])}"
        raise ConfigError(f"{message} for {rows}", hint=f"Allow at least {_in_mb(needs[step])}.")

    def _most_bytes(self, step: str) -> int:
        """What a step needs at most, whatever was done before it in the same process."""
        _, of_purchase, of_product = _ELSEWHERE.get(step, _UNKNOWN)
        shown = of_product * max(self.neighbours, _NEIGHBOURS // 2) // _NEIGHBOURS
        return BASE_BYTES + of_purchase * self.purchases + shown * self.products

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
