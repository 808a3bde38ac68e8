#!/usr/bin/env bash
# Guess:    a sliding sum depends on the rows in its window only.
# Really:   SQLite takes what leaves the window off a running total. Once an infinite value has left, the total is lost,
#           and every later sum and average of the partition is NULL, 993 of 1,000 rows here; a NULL also reads like
#           "nothing was sold". polars and DuckDB have the right sums as soon as the value is out of the window.
# Versions: SQLite 3.54.1 (apsw 3.54.1.0), polars 2.1.0, duckdb 2.0.1
# Date:     2026-11-29
# Matters:  a price per unit is infinite where an amount was booked with quantity 0: polars and numpy divide without an
#           error, and SQLite stores it. One such row empties the moving averages of every later week.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0 polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
cd "$work"
venv/bin/python - <<'PY'
import math
import sys

import apsw
import duckdb
import polars as pl

print("SQLite", apsw.sqlite_lib_version(), "polars", pl.__version__, "duckdb", duckdb.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


weeks = pl.DataFrame({"week": range(1000), "amount": [6.0] * 1000, "quantity": [3.0, 3.0, 0.0] + [3.0] * 997})
weeks = weeks.select("week", price=pl.col("amount") / pl.col("quantity"))
query = "select sum(price) over w, avg(price) over w from weeks window w as (order by week rows 4 preceding) order by week"
lite = apsw.Connection(":memory:")
lite.execute("create table weeks (week integer primary key, price real)")
lite.executemany("insert into weeks values (?, ?)", weeks.rows())
sqlite = list(lite.execute(query))
duck = duckdb.sql(query).fetchall()
rolled = weeks["price"].rolling_sum(5, min_samples=1).to_list()
print("1,000 weekly prices of 2.00, the third one infinite; sums over 5 weeks")
expect("sqlite, NULL sums", sum(row[0] is None for row in sqlite), 993)
expect("sqlite, NULL averages", sum(row[1] is None for row in sqlite), 993)
expect("sqlite, infinite sums", sum(row[0] is not None and math.isinf(row[0]) for row in sqlite), 5)
expect("sqlite, last row", sqlite[-1], (None, None))
expect("duckdb, infinite sums", sum(math.isinf(row[0]) for row in duck), 5)
expect("duckdb, last row", duck[-1], (10.0, 2.0))
expect("polars, infinite sums", sum(math.isinf(value) for value in rolled), 5)
expect("polars, last row", rolled[-1], 10.0)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
