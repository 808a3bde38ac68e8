"""How long an import takes beside polars' own scan-and-sink of the same CSV file, and how much memory it needs.

    python -m tests.benchmarks.bench_import [ROWS ...] [--rounds 3]        (default: 1,000,000 and 10,000,000)

Both run in processes of their own, in turn, and the best of each counts. The import reads every line, validates it,
makes ids, compares with earlier imports, sorts by customer and writes a checkpoint with checksums, flushed to the disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

_COMMON = """
import json, resource, sys, time
from pathlib import Path
file, folder = sys.argv[1], Path(sys.argv[2])
"""

_POLARS = """
import polars as pl
began = time.perf_counter()
pl.scan_csv(file).sink_parquet(folder / "sink.parquet")
"""

_OMNIX = """
from datetime import datetime, timezone
from functools import partial
from omnix_cli.services.importing.importer import Importer
from omnix_cli.services.importing.imports import import_files
from omnix_cli.settings import ImportSettings
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.records import FileLedger
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.inputs.spill import open_spill
now = datetime.now(timezone.utc)
checkpoints = ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=lambda: now)
ledger = FileLedger(DiskFolder(folder), checkpoints)
spill = partial(open_spill, folder=folder)
importer = Importer(FileSources(), checkpoints, ledger, spill, ImportSettings(), now)
began = time.perf_counter()
report = import_files(importer, [file], load_mapping("purchases"))
assert report.accepted == report.read, report
"""

_REPORT = """
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

_GENERATE = """
import sys
import numpy as np, polars as pl
rows, file = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(20170101)
pieces = []
for first in range(0, rows, 1_000_000):
    n = min(1_000_000, rows - first)
    seconds = 1483228800 + rng.integers(0, 365 * 86400, n)
    pieces.append(pl.DataFrame({
        "customer_id": rng.integers(1, 200_001, n),
        "order_id": rng.integers(1, rows // 4 + 2, n),
        "product_id": rng.zipf(1.3, n) % 50_000 + 1,
        "quantity": rng.integers(1, 6, n),
        "unit_price": rng.integers(50, 3000, n) / 100,
        "purchased_at": pl.from_epoch(pl.Series(seconds)).dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
    }))
pl.concat(pieces).write_csv(file)
"""


def main(sizes: list[int], rounds: int) -> None:
    """Prints the table."""
    print(f"{'rows':>12} {'polars s':>9} {'omnix s':>9} {'ratio':>6} {'polars MB':>10} {'omnix MB':>9}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "purchases.csv"
            subprocess.run([sys.executable, "-c", _GENERATE, str(rows), str(file)], check=True)
            figures = [(measure(_POLARS, file), measure(_OMNIX, file)) for _ in range(rounds)]
        polars, omnix = (min(round_[side] for round_ in figures) for side in (0, 1))
        ratio = omnix[0] / polars[0]
        print(f"{rows:>12,} {polars[0]:>9.2f} {omnix[0]:>9.2f} {ratio:>6.2f} {polars[1]:>10,.0f} {omnix[1]:>9,.0f}")


def measure(program: str, file: Path) -> tuple[float, float]:
    """Seconds and peak resident memory in MB of a program in its own process."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        command = [sys.executable, "-c", _COMMON + program + _REPORT, str(file), folder]
        seconds, megabytes = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return seconds, megabytes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
