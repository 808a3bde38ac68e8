#!/usr/bin/env bash
# Guess:    pandas.read_parquet(file, filters=[("store", "==", "A")]) gives the rows of store A, with either engine.
# Really:   with engine="fastparquet" it gives every row of every row group in which an A may be: the filter says what to
#           read, not what to return. So the result depends on how the writer sorted. Of 300,000 lines of 12 stores,
#           25,000 of them wanted, all 300,000 come back unsorted, and 40,000 sorted by store. pyarrow gives the 25,000 in
#           both cases; fastparquet's own reader does with row_filter=True, which is off unless asked for.
# Versions: pandas 3.1.1, fastparquet 2026.9.0, pyarrow 26.0.1
# Date:     2026-11-29
# Matters:  a report for one store that holds the turnover of others, right in a test file with one store a row group
#           and wrong in production. Without the engine argument, which one reads hangs on what is installed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pandas==3.1.1 fastparquet==2026.9.0 pyarrow==26.0.1 numpy==2.4.6
cd "$work"
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version

import fastparquet
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

print(*(f"{p} {version(p)}" for p in ("pandas", "fastparquet", "pyarrow")))
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


rng = np.random.default_rng(2)
stores = rng.permutation(np.repeat(list("ABCDEFGHIJKL"), 25_000))
lines = pa.table({"store": stores, "amount": rng.integers(1, 5000, 300_000)})
wanted = [("store", "==", "F")]
for name, table, rows in (("unsorted", lines, 300_000), ("sorted by store", lines.sort_by("store"), 40_000)):
    pq.write_table(table, "lines.parquet", row_group_size=20_000)
    print(f"300,000 lines of 12 stores, {name}, 20,000 a row group; 25,000 are store F's")
    expect("pyarrow", len(pd.read_parquet("lines.parquet", engine="pyarrow", filters=wanted)), 25_000)
    expect("fastparquet through pandas", len(pd.read_parquet("lines.parquet", engine="fastparquet", filters=wanted)), rows)
    own = fastparquet.ParquetFile("lines.parquet")
    expect("fastparquet, row_filter=True", len(own.to_pandas(filters=wanted, row_filter=True)), 25_000)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
