#!/usr/bin/env bash
# Guess:    ewm_mean_by(day, half_life=...) is the mean of all values so far, each weighed by its age.
# Really:   it mixes the last result with the new value by the time between the two rows. Two rows of one day have no
#           time between them, so only the first one counts: a second sale of 1,000 the same day changes nothing. The
#           order of rows within a day decides the result, and the first value ever keeps the weight of its whole past.
#           pandas' ewm(halflife=..., times=...) is the weighted mean, in whichever order.
# Versions: polars 2.1.0, pandas 3.1.1
# Date:     2026-11-29
# Matters:  purchase history has many lines a day and customer. Of 300 lines, 10 a day, 270 have no
#           effect on the customer's "recent spend".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl

print("polars", pl.__version__, "pandas", pd.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


def polars_last(days, amounts):
    sales = pl.DataFrame({"day": days, "amount": amounts})
    return sales.select(pl.col("amount").ewm_mean_by("day", half_life="1d"))["amount"][-1]


def pandas_last(days, amounts):
    return round(pd.Series(amounts).ewm(halflife="1D", times=pd.to_datetime(days)).mean().iloc[-1], 6)


days = [dt.date(2026, 1, 1), dt.date(2026, 1, 2), dt.date(2026, 1, 2)]
print("10 on the first day, 20 and 1,000 on the second, half-life of a day")
expect("polars", polars_last(days, [10.0, 20.0, 1000.0]), 15.0)
expect("polars, the two swapped", polars_last(days, [10.0, 1000.0, 20.0]), 505.0)
expect("pandas", pandas_last(days, [10.0, 20.0, 1000.0]), 410.0)
expect("pandas, the two swapped", pandas_last(days, [10.0, 1000.0, 20.0]), 410.0)

# which lines have a say? Change one at a time and look at the customer's last value
rng = np.random.default_rng(11)
lines, per_day = 300, 10
days = [dt.date(2026, 1, 1) + dt.timedelta(days=i // per_day) for i in range(lines)]
amounts = rng.gamma(2, 10, lines).round(2)
last = polars_last(days, amounts)
silent = 0
for i in range(lines):
    other = amounts.copy()
    other[i] += 1e9
    silent += polars_last(days, other) == last
print(f"{lines} lines of one customer, {per_day} a day")
expect("lines that have no effect at all in polars", silent, lines - lines // per_day)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
