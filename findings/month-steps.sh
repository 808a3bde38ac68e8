#!/usr/bin/env bash
# Guess:    a series of dates, one a month, from 31 January on is the last day of each month, or is refused.
# Really:   five tools, four answers. polars counts from the start: 31, 28, 31, 30, 31. DuckDB's generate_series and
#           pandas' date_range with DateOffset(months=1) add to the last date: after February it is the 28th for ever.
#           dateutil's rrule leaves the short months out. SQLite's '+N months' overflows: the "February" date is 3 March,
#           and March has two. Inside pandas the two ways to write it differ: start + DateOffset(months=n) is right.
# Versions: polars 2.1.0, duckdb 2.0.1, pandas 3.1.1, python-dateutil 2.9.0.post0, SQLite 3.54.1 (apsw 3.54.1.0)
# Date:     2026-11-29
# Matters:  monthly orders, subscriptions and billing periods that began on the 29th to 31st drift by up to 3 days or
#           lose 5 of 12 periods, and two tools of one pipeline do not join on the date.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 python-dateutil==2.9.0.post0 apsw==3.54.1.0
cd "$work"
venv/bin/python - <<'PY'
import datetime as dt
import sys
from importlib.metadata import version

import apsw
import duckdb
import pandas as pd
import polars as pl
from dateutil.rrule import MONTHLY, rrule

print("SQLite", apsw.sqlite_lib_version(), *(f"{p} {version(p)}" for p in ("polars", "duckdb", "pandas", "python-dateutil")))
wrong = []
first, last = dt.date(2026, 1, 31), dt.date(2026, 12, 31)


def expect(what, dates, wanted):
    seen = " ".join(f"{day.month}/{day.day}" for day in dates)
    print(f"  {what}: {seen}")
    if seen != wanted:
        wrong.append(f"{what}: {seen}, was {wanted}")


ends = "1/31 2/28 3/31 4/30 5/31 6/30 7/31 8/31 9/30 10/31 11/30 12/31"
drift = "1/31 " + " ".join(f"{month}/28" for month in range(2, 13))
series = "select unnest(generate_series(date '2026-01-31', date '2026-12-31', interval 1 month))"
lite = apsw.Connection(":memory:")
plus = [lite.execute("select date('2026-01-31', ?)", (f"+{n} months",)).fetchall()[0][0] for n in range(12)]
expect("polars", pl.date_range(first, last, "1mo", eager=True), ends)
expect("pandas, start + n months", [pd.Timestamp(first) + pd.DateOffset(months=n) for n in range(12)], ends)
expect("pandas, date_range", pd.date_range(first, periods=12, freq=pd.DateOffset(months=1)), drift)
expect("duckdb", [day for (day,) in duckdb.sql(series).fetchall()], drift)
expect("dateutil", rrule(MONTHLY, dtstart=dt.datetime(2026, 1, 31), until=dt.datetime(2026, 12, 31)),
       "1/31 3/31 5/31 7/31 8/31 10/31 12/31")
expect("sqlite", [dt.date.fromisoformat(day) for day in plus],
       "1/31 3/3 3/31 5/1 5/31 7/1 7/31 8/31 10/1 10/31 12/1 12/31")
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
