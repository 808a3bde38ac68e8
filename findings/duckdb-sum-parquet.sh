#!/usr/bin/env bash
# Guess:    the sum of whole numbers is a whole number, also in the Parquet file that it is copied to.
# Really:   DuckDB sums BIGINT as HUGEINT, for which Parquet has no type, and COPY writes it as DOUBLE without a word.
#           The same sum is exact through fetchall() and, as decimal(38,0), through Arrow and polars; in the file and in
#           pandas it is a float. Above 2^53 neighbouring totals become one: here 0 of 500 changed rows show in a stored
#           control total, and a sum of row hashes loses its last digits. count(*) stays BIGINT.
# Versions: duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0, pandas 3.1.1
# Date:     2026-11-29
# Matters:  control totals and checksums that do not depend on the order of rows are kept beside an export to prove it
#           whole. Stored this way they miss changes: cast the sum to BIGINT or DECIMAL(38, 0) before COPY.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0 pandas==3.1.1
cd "$work"
venv/bin/python - <<'PY'
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, "polars", pl.__version__, "pandas", pd.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


def stored(query):
    duckdb.sql(f"copy ({query}) to 'total.parquet'")
    return pq.read_table("total.parquet")


# micro-cents, as some billing exports have them: 2,000 lines of about 50,000 euros
lines = pl.DataFrame({"amount": [5_000_000_000_000 + 2 * i for i in range(2000)]})
total = "select sum(amount) as total, count(*) as n from lines"
exact = sum(lines["amount"])
table = stored(total)
expect("type in the file", table.schema.field("total").type, "double")
expect("type of the count", table.schema.field("n").type, "int64")
expect("fetchall", duckdb.sql(total).fetchall()[0][0] == exact, True)
expect("type in polars", duckdb.sql(total).pl().schema["total"], pl.Decimal(38, 0))
expect("type in pandas", duckdb.sql(total).df()["total"].dtype, "float64")
expect("type in the file after a cast", stored("select sum(amount)::bigint as total from lines")["total"].type, "int64")

before = stored("select sum(amount) as total from lines")["total"][0].as_py()
unseen = 0
whole = lines
for row in range(500):
    lines = whole.with_columns(amount=pl.col("amount") + (pl.int_range(pl.len()) == row))
    unseen += stored("select sum(amount) as total from lines")["total"][0].as_py() == before
expect("one row of 2,000 changed by 1, total in the file the same, of 500 tries", unseen, 500)

hashes = pl.DataFrame({"h": [(i * 0x9E3779B97F4A7C15) % 2**64 for i in range(1, 1001)]})
kept = int(stored("select sum(h) as total from hashes")["total"][0].as_py())
off = abs(kept - sum(hashes["h"]))
print(f"  a sum of 1,000 64-bit hashes is off by {off} in the file")
if off == 0:
    wrong.append("the sum of hashes is exact")
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
