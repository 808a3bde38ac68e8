#!/usr/bin/env bash
# Guess:    the format %d/%m/%Y, read strictly, refuses 03/04/24 as Python's strptime does: %Y is a year with its
#           century.
# Really:   polars (strict), DuckDB and pyarrow take it for the year 24, and 03/04/202 for the year 202. Nothing is
#           null and nothing raises. Only Python and pandas refuse. %Y-%m-%d and 24-03-04 do the same.
#           DuckDB's try_strptime with the list ['%d/%m/%Y', '%d/%m/%y'] never comes to the second.
# Versions: polars 2.1.0, duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1
# Date:     2026-11-29
# Matters:  one till of many writes short years. Its customers have bought for 2,000 years: the first purchase, the gap
#           between two purchases and the partition by year are wrong, and a count of unreadable dates shows 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import datetime as dt
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

print("polars", pl.__version__, "duckdb", duckdb.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


READERS = {
    "polars": lambda text, how: pl.Series([text]).str.to_date(how, strict=True)[0],
    "polars, with a time": lambda text, how: pl.Series([text]).str.to_datetime(how, strict=True)[0].date(),
    "duckdb": lambda text, how: duckdb.execute("select strptime(?, ?)", [text, how]).fetchall()[0][0].date(),
    "pyarrow": lambda text, how: pc.strptime(pa.array([text]), how, "s", error_is_null=False)[0].as_py().date(),
    "python": lambda text, how: dt.datetime.strptime(text, how).date(),
    "pandas": lambda text, how: pd.to_datetime(pd.Series([text]), format=how)[0].date(),
}


def read(reader, text, how):
    try:
        return READERS[reader](text, how)
    except ValueError as error:
        assert "match" in str(error), error
        return "refused"


for text, how, taken in (
    ("03/04/24", "%d/%m/%Y", "0024-04-03"),
    ("03/04/202", "%d/%m/%Y", "0202-04-03"),
    ("24-03-04", "%Y-%m-%d", "0024-03-04"),
):
    print(f"{text} as {how}")
    for reader in READERS:
        expect(reader, read(reader, text, how), "refused" if reader in ("python", "pandas") else taken)
print("the same day, first as 03/04/2024, then as 03/04/24")
days = pl.Series(["03/04/2024", "03/04/24"]).str.to_date("%d/%m/%Y", strict=True)
expect("unreadable", days.null_count(), 0)
expect("days between the two purchases", (days[0] - days[1]).days, 730485)
query = "select try_strptime('03/04/24', ['%d/%m/%Y', '%d/%m/%y'])"
expect("duckdb, long or short years", duckdb.sql(query).fetchall()[0][0], "0024-04-03 00:00:00")
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
