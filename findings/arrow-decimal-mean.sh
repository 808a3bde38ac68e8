#!/usr/bin/env bash
# Guess:    the mean of a decimal column has more digits than the column, or is a float.
# Really:   in pyarrow it has the column's own scale: the mean of 1, 2 and 2 in decimal(38,0) is 2, alone, in a group and
#           in pandas with Arrow types. Deviation and quantile of the same column are floats and exact, so the figures do
#           not fit each other. polars and DuckDB give 1.67.
# Versions: pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, duckdb 2.0.1
# Date:     2026-11-29
# Matters:  warehouses hand whole numbers over as decimal(38,0), so "items per basket" is a whole number too: of 5,000
#           customers with 8 baskets each, 7 in 8 get a wrong mean, wrong by up to half an item.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import sys
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

print("pyarrow", pa.__version__, "pandas", pd.__version__, "polars", pl.__version__, "duckdb", duckdb.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


whole = pa.decimal128(38, 0)
items = pa.array([Decimal(1), Decimal(2), Decimal(2)], whole)
baskets_of_one = pa.table({"customer": [1, 1, 1], "items": items})
print("the mean of 1, 2, 2 in decimal(38,0)")
expect("pyarrow", pc.mean(items), "2")
expect("pyarrow, in a group", baskets_of_one.group_by("customer").aggregate([("items", "mean")])["items_mean"][0], "2")
expect("pandas on Arrow", pd.Series(items.to_pylist(), dtype=pd.ArrowDtype(whole)).mean(), "2")
expect("polars", round(pl.from_arrow(items).mean(), 4), 1.6667)
expect("duckdb", round(duckdb.sql("select avg(items) from baskets_of_one").fetchall()[0][0], 4), 1.6667)
expect("pyarrow, the deviation", round(pc.stddev(items).as_py(), 4), 0.4714)

rng = np.random.default_rng(5)
counts = rng.integers(1, 12, (5000, 8))
baskets = pa.table({
    "customer": np.repeat(np.arange(5000), 8),
    "items": pa.array([Decimal(int(n)) for n in counts.ravel()], whole),
})
means = baskets.group_by("customer").aggregate([("items", "mean")]).sort_by("customer")["items_mean"].to_pylist()
off = np.abs(np.array([float(mean) for mean in means]) - counts.mean(axis=1))
print("5,000 customers, 8 baskets of 1 to 11 items each")
expect("share of customers with another mean", round((off > 1e-9).mean(), 3), 0.878)
expect("largest difference", off.max(), 0.5)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
