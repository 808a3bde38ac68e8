#!/usr/bin/env bash
# Guess:    whole cents divided by 100 are the same floats everywhere: IEEE division is exact to the last bit, and so
#           `pl.col("cents") / 100` equals the 19.99 that a CSV reader, numpy, pandas or a JSON file gives.
# Really:   polars multiplies by the rounded 1/100 when the divisor is one number. Of the prices 0.00 to 999.99,
#           13,929 get another last digit: 1999 cents are 19.990000000000002. A join on the price loses them, and
#           "== 19.99" is false. The same divisor as a column divides exactly, so `pl.lit(100)` and a column of 100s
#           differ. Rounding to cents by (x * 100).round() / 100 damages prices that were right; round(2) does not.
# Versions: polars 2.1.0, numpy 2.4.6, pandas 3.1.1, duckdb 2.0.1
# Date:     2026-11-29
# Matters:  shops, card processors and APIs send whole cents. A price list joined with such lines has no price for one
#           product in seven, and the same line from two systems counts as changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  polars==2.1.0 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1
cd "$work"
venv/bin/python - <<'PY'
import io
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl

print("polars", pl.__version__, "numpy", np.__version__, "pandas", pd.__version__, "duckdb", duckdb.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


COUNT = 100_000
cents = pl.Series("cents", range(COUNT))
text = "price\n" + "".join(f"{n // 100}.{n % 100:02}\n" for n in range(COUNT))
listed = pl.read_csv(io.StringIO(text))["price"]
whole = np.arange(COUNT)
frame = pl.DataFrame({"cents": cents, "hundred": np.full(COUNT, 100)})

print(f"{COUNT:,} prices of whole cents; how many differ from the same price read from a CSV file")
expect("python, numpy and the CSV readers of polars and pandas agree",
       listed.to_list() == [n / 100 for n in range(COUNT)] == (whole / 100).tolist()
       == pd.read_csv(io.StringIO(text))["price"].tolist(), True)
expect("polars, series / 100", (cents / 100 != listed).sum(), 13929)
by_number = frame.select(pl.col("cents") / 100)["cents"]
by_column = frame.select(pl.col("cents") / pl.col("hundred"))["cents"]
expect("polars, expression / 100", (by_number != listed).sum(), 13929)
expect("polars, expression / column of 100s", (by_column != listed).sum(), 0)
query = "select count(*) from (select cents / 100 as a, cents / hundred as b from frame) where a <> b"
expect("duckdb, / 100 against / column", duckdb.sql(query).fetchall()[0][0], 0)
expect("pandas, / 100", (pd.Series(whole) / 100 != pd.Series(listed.to_numpy())).sum(), 0)
expect("1999 cents", by_number[1999], 19.990000000000002)

print("what follows")
lines = frame.select(price=pl.col("cents") / 100)
prices = pl.DataFrame({"price": listed, "product": whole})
expect("lines that find their price by a join", lines.join(prices, on="price").height, COUNT - 13929)
expect("lines of 19.99", lines.filter(pl.col("price") == 19.99).height, 0)
expect("right prices changed by (x * 100).round() / 100", (((listed * 100).round() / 100) != listed).sum(), 13929)
expect("right prices changed by round(2)", (listed.round(2) != listed).sum(), 0)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
