"""Imports the exports of many simulated shops and compares what stands with what happened there.

    python -m tests.soaks.order_streams [TRIALS]

By default 2,000 trials over all kinds of exports and ways to import them. Each is imported, compared with the oracle,
and imported again. Ends with an error, and the smallest case that shows it, when one differs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from hypothesis import HealthCheck, given, settings

from tests.streams.deliveries import UNTOLD, How
from tests.streams.exports import Export
from tests.streams.trials import EXPORTS, Trial, run, trials

TRIALS = 2_000
WAYS: tuple[tuple[str, tuple[How, ...], dict[str, Export], bool], ...] = (
    ("in order", ("nightly", "at once", "apart"), EXPORTS, False),
    ("torn", ("torn",), EXPORTS, False),
    ("shuffled", ("shuffled",), {name: one for name, one in EXPORTS.items() if not one.log}, True),
)


def main(number: int) -> None:
    """Prints how many trials there were, and in how many the files cannot tell."""
    for way, hows, exports, changed_at in WAYS:
        began = time.perf_counter()
        counts = _tried(number // len(WAYS), hows, exports, changed_at)
        print(f"{way}: {dict(counts)}, {time.perf_counter() - began:.0f} s", flush=True)


def _tried(number: int, hows: tuple[How, ...], exports: dict[str, Export], changed_at: bool) -> Counter[str]:
    """Counts of so many trials that came out right."""
    counts = Counter[str]()

    @settings(deadline=None, max_examples=number, database=None, suppress_health_check=list(HealthCheck))
    @given(trials(exports, hows, changed_at=changed_at))
    def each(trial: Trial) -> None:
        counts["trials"] += 1
        counts["imports"] += len(trial.delivery.imports)
        counts.update(untold.__name__ for untold in UNTOLD if untold(trial.delivery))
        run(trial)

    each()
    return counts


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS)
