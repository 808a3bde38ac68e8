#!/usr/bin/env bash
# Guess:    a filter gives the same rows whether it runs on a table in memory or on a Parquet file of it.
# Really:   the smallest and largest value noted for a row group leave NaN out. DuckDB and pyarrow trust them, and skip
#           groups in which a NaN should have matched. In DuckDB "where isnan(x)" finds 0 rows in a file that holds one,
#           and count(*) filter (where isnan(x)) finds it; max(x) is NaN in memory and 1.0 from the file; the order of
#           the rows decides how many match x > 5. polars finds the rows. A file DuckDB wrote itself is right as well:
#           it notes no such values when a NaN is there.
# Versions: duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0
# Date:     2026-11-29
# Matters:  amount / quantity of a cancelled line is 0 / 0. A quality check by WHERE says that all is well, and the sum
#           over the same file is NaN.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$work"
venv/bin/python - <<'PY'
import math
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, "polars", pl.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


def ask(query):
    return duckdb.sql(query).fetchall()[0][0]


prices = pa.table({"x": [1.0] * 2000 + [math.nan] + [1.0] * 2999})
pq.write_table(prices, "arrow.parquet")
pl.from_arrow(prices).write_parquet("polars.parquet")
duckdb.sql("copy (select * from prices) to 'duckdb.parquet'")
print("5,000 prices, one of them NaN")
expect("memory, where isnan", ask("select count(*) from prices where isnan(x)"), 1)
expect("memory, max", ask("select max(x) from prices"), "nan")
for writer, found in (("arrow", 0), ("polars", 0), ("duckdb", 1)):
    file = f"{writer}.parquet"
    expect(f"{writer}'s file, duckdb, where isnan", ask(f"select count(*) from '{file}' where isnan(x)"), found)
    expect(f"{writer}'s file, duckdb, where x <> 1", ask(f"select count(*) from '{file}' where x <> 1"), found)
    expect(f"{writer}'s file, duckdb, filter (isnan)", ask(f"select count(*) filter (where isnan(x)) from '{file}'"), 1)
    expect(f"{writer}'s file, pyarrow, x != 1", ds.dataset(file).to_table(filter=ds.field("x") != 1).num_rows, found)
    expect(f"{writer}'s file, polars, is_nan", pl.scan_parquet(file).filter(pl.col("x").is_nan()).collect().height, 1)
expect("arrow's file, duckdb, max", ask("select max(x) from 'arrow.parquet'"), 1.0)

print("the same four prices in two orders, two a row group, where x > 5")
for order, found in (([1.0, math.nan, 10.0, 20.0], 2), ([1.0, 10.0, math.nan, 20.0], 3)):
    pq.write_table(pa.table({"x": order}), "order.parquet", row_group_size=2)
    expect(f"{order}, duckdb", ask("select count(*) from 'order.parquet' where x > 5"), found)
    expect(f"{order}, polars", pl.scan_parquet("order.parquet").filter(pl.col("x") > 5).collect().height, 3)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
