#!/usr/bin/env bash
# Guess:    the sum of a float32 array is right to about 7 digits, and numba's sum() is numpy's, only compiled.
# Really:   numpy adds in pairs only along the fast axis. numba's sum() and mean(), numpy's sum over axis 0 of a table and
#           the column sums of a scipy CSR matrix add one by one into a float32. 20 million ones are 16,777,216 there,
#           where adding 1 stops having an effect, so numba's mean of ones is 0.84; 10 million receipts of 19.99 come out
#           13 % short. The same CSR matrix as CSC is right, and so are sums in polars, DuckDB and pyarrow.
# Versions: numpy 2.4.6, numba 0.68.1, scipy 1.17.1, polars 2.1.0, duckdb 2.0.1, pyarrow 26.0.1
# Date:     2026-11-29
# Matters:  float32 saves half the memory of a matrix of customers by products; popularity and turnover per product are
#           column sums of just this. Give dtype=np.float64 to sum(), or convert in the kernel's loop.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 numba==0.68.1 scipy==1.17.1 polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
cd "$work"
venv/bin/python - <<'PY'
import sys
from importlib.metadata import version

import duckdb
import numba
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

print(*(f"{p} {version(p)}" for p in ("numpy", "numba", "scipy", "polars", "duckdb", "pyarrow")))
wrong = []


def expect(what, seen, wanted, within=0.0):
    print(f"  {what}: {seen:,.6f}")
    if abs(seen - wanted) > within:
        wrong.append(f"{what}: {seen}, was {wanted}")


@numba.njit
def compiled_sum(values):
    return values.sum()


@numba.njit
def compiled_mean(values):
    return values.mean()


N = 20_000_000
ones = np.ones(N, dtype=np.float32)
table = pa.table({"x": ones})
print(f"{N:,} ones in float32")
expect("numpy", ones.sum(), N)
expect("polars", pl.from_arrow(table)["x"].sum(), N)
expect("pyarrow", pc.sum(table["x"]).as_py(), N)
expect("duckdb", duckdb.from_arrow(table).aggregate("sum(x)").fetchall()[0][0], N)
expect("numba", compiled_sum(ones), 2**24)
expect("numba, mean", compiled_mean(ones), 2**24 / N, 1e-6)
matrix = sp.csr_array((ones, np.zeros(N, dtype=np.int32), np.arange(N + 1, dtype=np.int32)), shape=(N, 1))
expect("scipy, column of a CSR matrix", matrix.sum(axis=0)[0], 2**24)
expect("scipy, the same as CSC", matrix.tocsc().sum(axis=0)[0], N)
del matrix, table, ones
expect("numpy, axis 0 of two columns", np.ones((N, 2), dtype=np.float32).sum(axis=0)[0], 2**24)

receipts = np.full(10_000_000, 19.99, dtype=np.float32)
true = receipts.sum(dtype=np.float64)
print("10,000,000 receipts of 19.99")
expect("in float64", true, 199_900_000, 50)
expect("numpy, relative error", abs(receipts.sum() / true - 1), 0, 1e-5)
expect("numba, relative error", compiled_sum(receipts) / true - 1, -0.1325, 0.001)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
