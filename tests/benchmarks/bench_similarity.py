"""Similarity end to end, from Parquet to neighbours, beside implicit and sparse_dot_topn.

    python -m tests.benchmarks.bench_similarity --rows 1000000 10000000 [--rounds 3]

Ours computes the whole workload: support, shrinkage, decay, four measures, the neighbours as a frame of strings. The
others get plain cosine, no support, no shrinkage, and their result as arrays. All read the same columns with polars.
Each run is a process of its own, the contenders take turns, so that noise hits all of them alike.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from tests.benchmarks.purchase_data import write_purchases

NEIGHBOURS = 50
THREADS = 2
AS_OF = date(2018, 1, 1)


def run_omnix(path: Path) -> dict[str, Any]:
    """Our step, whole; the seconds of its co-purchase kernel apart."""
    from omnix_cli.kernels import co_purchase
    from omnix_cli.protocols.steps import Resources
    from omnix_cli.schemas import FRAMES
    from omnix_cli.settings import PrivacySettings, SimilaritySettings
    from omnix_cli.steps.neighbours.similarity import similarity

    kernel_seconds = []
    solve = co_purchase.neighbours

    def timed(*args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result = solve(*args, **options)
        kernel_seconds.append(time.perf_counter() - started)
        return result

    co_purchase.neighbours = timed
    output = similarity(
        pl.scan_parquet(path),
        FRAMES["products"].empty().lazy(),
        as_of=AS_OF,
        parameters=SimilaritySettings(neighbours=NEIGHBOURS),
        privacy=PrivacySettings(),
        resources=Resources(threads=THREADS, memory_bytes=4 * 2**30),
    )
    return {"rows": output.frames["neighbours"].height, "kernel": kernel_seconds[0]} | output.figures


def load_matrix(path: Path) -> Any:
    """The usual way in: polars Categorical codes into a scipy CSR matrix of customers by products."""
    import scipy.sparse as sp

    lines = (
        pl.scan_parquet(path)
        .select(
            pl.col("customer_id").cast(pl.Categorical(pl.Categories("customers"))).to_physical(),
            pl.col("product_id").cast(pl.Categorical(pl.Categories("products"))).to_physical(),
            (pl.col("quantity").log1p() * 0.5 ** ((pl.lit(AS_OF) - pl.col("purchase_day")).dt.total_days() / 90)).cast(
                pl.Float32
            ),
        )
        .collect()
    )
    customer, product, weight = (lines.to_series(place).to_numpy() for place in range(3))
    matrix = sp.csr_matrix((weight, (customer.astype(np.int32), product.astype(np.int32))))
    matrix.sum_duplicates()
    return matrix


def run_implicit(path: Path) -> dict[str, Any]:
    from implicit.nearest_neighbours import CosineRecommender

    model = CosineRecommender(K=NEIGHBOURS, num_threads=THREADS)
    model.fit(load_matrix(path), show_progress=False)
    return {"rows": int(model.similarity.nnz)}


def run_sparse_dot_topn(path: Path) -> dict[str, Any]:
    import scipy.sparse as sp
    from sparse_dot_topn import sp_matmul_topn

    matrix = load_matrix(path)
    norm = np.sqrt(matrix.multiply(matrix).sum(axis=0)).A1
    scaled = (matrix @ sp.diags(1 / norm).astype(np.float32)).tocsr()
    return {"rows": int(sp_matmul_topn(scaled.T.tocsr(), scaled, top_n=NEIGHBOURS, n_threads=THREADS).nnz)}


CONTENDERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "omnix": run_omnix,
    "implicit": run_implicit,
    "sparse_dot_topn": run_sparse_dot_topn,
}


def measure(contender: str, path: Path) -> dict[str, Any]:
    """One run in a process of its own; its seconds begin after the imports that Python itself needs."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_similarity", "--run", contender, str(path)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def run_here(contender: str, path: Path) -> None:
    """The body of one run: prints its figures as JSON."""
    started = time.perf_counter()
    figures = CONTENDERS[contender](path)
    figures["seconds"] = time.perf_counter() - started
    figures["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps(figures))


def compare(rows: int, rounds: int, folder: Path) -> Table:
    """Runs the contenders in turn, `rounds` times, after one run of ours that compiles the kernels."""
    path = folder / f"purchases-{rows}.parquet"
    # A process inherits its parent's peak memory, so the parent must stay small.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(write_purchases, path, rows).result()
    measure("omnix", path)
    installed = [name for name in CONTENDERS if name == "omnix" or find_spec(name)]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in installed}
    for _ in range(rounds):
        for name in installed:
            runs[name].append(measure(name, path))
    ours = runs["omnix"][0]
    table = Table(
        "contender", "best s", "median s", "kernel s", "peak GB", "neighbours",
        title=f"{rows:,} rows, {ours['nonzeros']:,} non-zeros, {ours['multiply_adds']:,} multiply-adds",
    )  # fmt: skip
    for name, results in runs.items():
        seconds = [result["seconds"] for result in results]
        kernel = f"{min(result['kernel'] for result in results):.2f}" if name == "omnix" else ""
        peak = max(result["peak_gb"] for result in results)
        table.add_row(
            name, f"{min(seconds):.2f}", f"{statistics.median(seconds):.2f}", kernel, f"{peak:.2f}",
            f"{results[0]['rows']:,}",
        )  # fmt: skip
    for name in CONTENDERS.keys() - runs.keys():
        table.add_row(name, "not installed")
    return table


def main() -> None:
    """Reads the options, prints a table per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", nargs=2, metavar=("CONTENDER", "PARQUET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_here(options.run[0], Path(options.run[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            Console(width=110).print(compare(rows, options.rounds, Path(folder)))


if __name__ == "__main__":
    main()
