"""How long an import takes beside others that read the same CSV file, and how much memory it needs.

    python -m tests.benchmarks.bench_import [ROWS ...] [--rounds 3] [--build CHECKOUT] [--scattered]

By default 1M and 10M rows, the lines of an order together as a till writes them; `--scattered` spreads the lines of all
orders and customers over the file, so that many must be compared with lines far away.

The peers: polars' own scan-and-sink, which checks nothing; DuckDB with the same checks of rows in SQL; and, with
`--build`, another checkout of omnix. All run in processes of their own, in turn, and the best of each counts. The
import reads every line, validates it, makes ids, compares with earlier imports, sorts by customer and writes a
checkpoint with checksums, flushed to the disk. `again` imports the same rows once more, 100 of them corrected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PEERS = Path(os.environ.get("BENCH_PEERS", CHECKOUT / ".venv-peers")) / "bin" / "python"
CORRECTED = 100

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

_DUCKDB = """
import duckdb
duckdb.sql("SET enable_progress_bar = false")
began = time.perf_counter()
duckdb.sql(f'''
    CREATE VIEW lines AS
    SELECT nullif(trim(customer_id), '') AS customer_id, nullif(trim(product_id), '') AS product_id,
           nullif(trim(order_id), '') AS order_id, try_cast(purchased_at AS TIMESTAMPTZ) AS purchased_at,
           try_cast(quantity AS DOUBLE) AS quantity, try_cast(unit_price AS DECIMAL(18, 2)) AS unit_price, *
           EXCLUDE (customer_id, product_id, order_id, purchased_at, quantity, unit_price)
    FROM read_csv('{file}', all_varchar = true, header = true);
    CREATE VIEW checked AS
    SELECT *, customer_id IS NOT NULL AND product_id IS NOT NULL AND quantity BETWEEN 1 AND 1e6 AND unit_price >= 0
              AND purchased_at BETWEEN '1990-01-01' AND now() AS good
    FROM lines;
    COPY (SELECT concat_ws('#', purchased_at::DATE, order_id, product_id) AS purchase_id, customer_id, product_id,
                 order_id, purchased_at, purchased_at::DATE AS purchase_day, quantity, unit_price,
                 (unit_price * quantity)::DECIMAL(18, 2) AS total_price
          FROM checked WHERE good ORDER BY customer_id)
    TO '{folder / "good.parquet"}' (FORMAT parquet, COMPRESSION zstd);
    COPY (SELECT * FROM checked WHERE good IS NOT TRUE) TO '{folder / "bad.parquet"}' (FORMAT parquet);
''')
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

_AGAIN = (
    _OMNIX
    + """
began = time.perf_counter()
report = import_files(importer, [file + ".corrected"], load_mapping("purchases"))
assert report.corrected and report.corrected + report.known == report.read, report
"""
)

_REPORT = """
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

_GENERATE = """
import sys
import numpy as np, polars as pl
rows, file, scattered = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "scattered"
rng = np.random.default_rng(20170101)
orders = rows // 4 + 1
order = rng.integers(0, orders, rows) if scattered else np.arange(rows) // 4
times = 1483228800 + np.sort(rng.integers(0, 365 * 86400, orders))
customers = rng.integers(1, 200_001, orders)
pl.DataFrame({
    "customer_id": customers[order],
    "order_id": order + 1_000_000,
    "product_id": (50_000 * rng.random(rows) ** 3).astype(int) + 1,
    "quantity": rng.integers(1, 6, rows),
    "unit_price": rng.integers(50, 3000, rows) / 100,
    "purchased_at": pl.from_epoch(pl.Series(times[order])).dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
}).write_csv(file)
"""


_CORRECT = """
import sys
file, step = sys.argv[1], int(sys.argv[2])
with open(file, encoding="utf-8") as lines, open(file + ".corrected", "w", encoding="utf-8") as corrected:
    for number, line in enumerate(lines):
        fields = line.split(",")
        if number and number % step == 0:
            fields[3] = str(int(fields[3]) + 10)
        corrected.write(",".join(fields))
"""


@dataclass(frozen=True)
class Peer:
    """Something that reads the file: a program, and the interpreter and checkout it runs with."""

    name: str
    program: str
    python: str = sys.executable
    build: Path | None = None

    def measure(self, file: Path) -> tuple[float, float]:
        """Seconds and peak resident memory in MB, in a process of its own."""
        path = {"PYTHONPATH": str(self.build or CHECKOUT)}
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            command = [self.python, "-c", _COMMON + self.program + _REPORT, str(file), folder]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | path, cwd=folder
            )
        seconds, megabytes = json.loads(done.stdout)
        return seconds, megabytes


def peers(build: Path | None) -> list[Peer]:
    """All that can run here; the first is what the others are compared with."""
    found = [Peer("polars, unchecked", _POLARS), Peer("omnix", _OMNIX), Peer("omnix, again", _AGAIN)]
    if PEERS.exists():
        found.insert(1, Peer("duckdb, checked", _DUCKDB, str(PEERS)))
    if build is not None:
        found += [Peer("other build", _OMNIX, build=build), Peer("other build, again", _AGAIN, build=build)]
    return found


def main(sizes: list[int], rounds: int, build: Path | None, *, scattered: bool) -> None:
    """Prints the table."""
    print(f"{'rows':>12} {'':<20} {'best s':>8} {'ratio':>6} {'peak MB':>8}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "purchases.csv"
            for program, *arguments in (
                [_GENERATE, str(rows), str(file), "scattered" if scattered else "together"],
                [_CORRECT, str(file), str(max(1, rows // CORRECTED))],
            ):
                subprocess.run([sys.executable, "-c", program, *arguments], check=True)
            compared = peers(build)
            figures = [[peer.measure(file) for peer in compared] for _ in range(rounds)]
        floor = min(round_[0][0] for round_ in figures)
        for number, peer in enumerate(compared):
            seconds, megabytes = min(round_[number] for round_ in figures)
            print(f"{rows:>12,} {peer.name:<20} {seconds:>8.2f} {seconds / floor:>6.2f} {megabytes:>8,.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--scattered", action="store_true")
    main(**vars(parser.parse_args()))
