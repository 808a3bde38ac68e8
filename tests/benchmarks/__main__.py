"""All benchmarks, one after the other; each is a script of its own."""

from __future__ import annotations

import subprocess
import sys

SCRIPTS = (
    ("Start", ["bench_start"]),
    ("Import", ["bench_import"]),
    ("Similarity", ["bench_similarity"]),
    ("Writing tables", ["bench_table_write"]),
    ("Reading tables", ["bench_table_read"]),
    ("Serving reads over HTTP", ["bench_serving"]),
    ("Asking a model", ["bench_asking"]),
    ("The whole job on a year of a grocer", ["bench_run"]),
    ("Nights in a row", ["bench_nights"]),
    ("Quality of the neighbours", ["quality_similarity"]),
    ("Quality of the predictions", ["quality_predictions"]),
    ("Quality of the recommendations", ["quality_recommendations"]),
    ("Quality of the ranker", ["quality_ranker"]),
    ("Quality of the shelves", ["quality_shelves"]),
)


def main() -> int:
    """Runs them in processes of their own, so that none warms another's caches."""
    worst = 0
    for title, (script, *arguments) in SCRIPTS:
        print(f"\n{title} ({script})\n", flush=True)
        worst |= subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{script}", *arguments], check=False
        ).returncode
    return worst


if __name__ == "__main__":
    sys.exit(main())
