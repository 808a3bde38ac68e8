#!/usr/bin/env bash
# Guess:    the first 0 rows of each group are no rows: `frame.group_by("shop").head(n)` with n = 0 gives an empty frame,
#           as `frame.head(0)`, pandas and SQL do. A setting "items of each list = 0" switches the lists off.
# Really:   polars gives one row per group, with the key and null in every other column; so do `tail(0)` and the lazy
#           form. The aggregation behind it makes a list of 0 rows per group and explodes it, and an empty list explodes
#           to one null. With n = 1 or more, groups are as long as expected.
# Versions: polars 2.1.0, pandas 3.1.1, duckdb 2.0.1
# Date:     2026-11-29
# Matters:  a limit from a settings file that may be 0 writes a list with one nameless item for each shop, customer or
#           product instead of none. Counts of rows look plausible, and nothing is raised until a column forbids nulls.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1
cd "$work"
venv/bin/python - <<'PY'
import sys

import duckdb
import pandas as pd
import polars as pl

print("polars", pl.__version__, "pandas", pd.__version__, "duckdb", duckdb.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


frame = pl.DataFrame({"shop": ["a", "a", "b"], "item": ["tea", "jam", "tea"]})
print("the first or last 0 rows of each group, of two groups")
nothing = [("a", None), ("b", None)]
groups = frame.group_by("shop", maintain_order=True)
expect("polars, group_by().head(0)", groups.head(0).rows(), nothing)
expect("polars, group_by().tail(0)", groups.tail(0).rows(), nothing)
lazy = frame.lazy().group_by("shop", maintain_order=True).head(0).collect()
expect("polars, lazy", lazy.rows(), nothing)
expect("polars, group_by().head(1)", groups.head(1).rows(), [("a", "tea"), ("b", "tea")])

print("the others, and the other ways in polars")
expect("polars, frame.head(0)", frame.head(0).rows(), [])
expect("polars, rows numbered within the group below 0", frame.filter(pl.int_range(pl.len()).over("shop") < 0).rows(), [])
pandas = pd.DataFrame(frame.to_dict(as_series=False))
expect("pandas, groupby().head(0)", len(pandas.groupby("shop").head(0)), 0)
query = "select * from pandas qualify row_number() over (partition by shop order by item) <= 0"
expect("duckdb, row_number() <= 0", duckdb.sql(query).fetchall(), [])
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
