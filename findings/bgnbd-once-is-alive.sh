#!/usr/bin/env bash
# Guess:    in a "buy till you die" model the probability that a customer still is one falls with silence.
# Really:   not for those who bought once. In BG/NBD customers can leave only after a repeat purchase, so it is exactly
#           1.0 for every one of them, after two weeks as after ten years, and above every customer who ever came back:
#           39 % of the customers here, in front of all others. The modified model differs by one assumption (one may
#           leave after the first purchase) and gives 0.01 after ten years. Nor is the money column the mean basket: the
#           first purchase is left out, and who bought once has 0.00, which pulls the plain mean from 29 to 18.
# Versions: lifetimes 0.11.3, pandas 3.1.1, numpy 2.4.6
# Date:     2026-11-29
# Matters:  win-back and churn lists sorted by this number start with the customers lost longest ago as the safest.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    lifetimes==0.11.3 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1 autograd==1.9.1
cd "$work"
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
from lifetimes.utils import summary_data_from_transaction_data

print(*(f"{p} {version(p)}" for p in ("lifetimes", "pandas", "numpy", "scipy")))
wrong = []


def expect(what, seen, fits):
    print(f"  {what}: {seen}")
    if not fits:
        wrong.append(f"{what}: {seen}")


# 2,000 customers: some rate of buying each, some chance to leave after any purchase, the first one too
rng = np.random.default_rng(3)
end = pd.Timestamp("2026-01-01")
lines = []
for customer in range(2000):
    day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, 600)))
    rate, leaves = max(rng.gamma(1.0, 1 / 30), 1e-3), rng.beta(1, 2)
    while day <= end:
        lines.append((customer, day.normalize(), round(float(rng.gamma(3, 10)), 2)))
        if rng.random() < leaves:
            break
        day += pd.Timedelta(days=rng.exponential(1 / rate))
sales = pd.DataFrame(lines, columns=["customer", "day", "amount"])
table = summary_data_from_transaction_data(sales, "customer", "day", "amount", observation_period_end=end)
once = table["frequency"] == 0
print(f"{len(table)} customers, {once.mean():.0%} of them bought once")


def alive(kind):
    model = kind(penalizer_coef=0.001).fit(table["frequency"], table["recency"], table["T"])
    ask = model.conditional_probability_alive
    return pd.Series(np.asarray(ask(table["frequency"], table["recency"], table["T"])), index=table.index), ask


values, ask = alive(BetaGeoFitter)
expect("BG/NBD, bought once: lowest, highest", (float(values[once].min()), float(values[once].max())), (values[once] == 1).all())
ten_years = float(np.ravel(ask(0, 0, 3650))[0])
expect("BG/NBD, bought once ten years ago", ten_years, ten_years == 1)
expect("BG/NBD, share of returning customers below that", float((values[~once] < 1).mean()), (values[~once] < 1).all())
values, ask = alive(ModifiedBetaGeoFitter)
ten_years = float(np.ravel(ask(0, 0, 3650))[0])
expect("modified, bought once ten years ago", round(ten_years, 3), ten_years < 0.05)
basket = sales.groupby("customer")["amount"].mean()
expect("money column of those who bought once", table["monetary_value"][once].unique().tolist(), (table["monetary_value"][once] == 0).all())
expect("mean of the money column, mean basket", (round(table["monetary_value"].mean(), 2), round(basket.mean(), 2)),
       table["monetary_value"].mean() < 0.75 * basket.mean())
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
