#!/usr/bin/env bash
# Guess:    telling a CSV reader that dots group thousands and the comma is the decimal sign reads 1.234,50 as 1234.5,
#           and refuses, or leaves as text, what is not so grouped: 4.5, 12.50, 05.03.2024.
# Really:   pandas and DuckDB drop every dot, wherever it is. A price of 12.50 from another till is 1250, 4.5 is 45, and
#           with thousands="," 12,5 is 125 and 1,2,3 is 123. pandas does it to all columns, too: the date 05.03.2024 is
#           the number 5032024, and the code 1.2.3 is 123 (for DuckDB it is a day in the year 3, whatever the
#           separators). No error, no warning, no null.
# Versions: pandas 3.1.1, duckdb 2.0.1
# Date:     2026-11-29
# Matters:  one branch whose till writes decimal points makes its sales 10 or 100 times as large in an import of all
#           branches, and the column stays a clean column of numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 numpy==2.4.6 duckdb==2.0.1
cd "$work"
venv/bin/python - <<'PY'
import sys
import warnings

import duckdb
import pandas as pd

warnings.simplefilter("error")  # whatever is said would stop the script
print("pandas", pd.__version__, "duckdb", duckdb.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


def with_pandas(file, **how):
    return pd.read_csv(file, sep=";", **how).to_dict("list")


def with_duckdb(file, how):
    relation = duckdb.sql(f"from read_csv('{file}', delim = ';', {how})")
    return dict(zip(relation.columns, map(list, zip(*relation.fetchall()))))


with open("sales.csv", "w") as file:
    file.write("price;sold_on;code\n1.234,50;05.03.2024;1.2.3\n12.50;06.03.2024;1.2.4\n4.5;07.03.2024;1.10.0\n")
print("1.234,50 and, from another till, 12.50 and 4.5; dots group thousands")
for engine in ("c", "python"):
    read = with_pandas("sales.csv", thousands=".", decimal=",", engine=engine)
    expect(f"pandas ({engine}), price", read["price"], [1234.5, 1250.0, 45.0])
    expect(f"pandas ({engine}), sold_on", read["sold_on"], [5032024, 6032024, 7032024])
    expect(f"pandas ({engine}), code", read["code"], [123, 124, 1100])
read = with_duckdb("sales.csv", "decimal_separator = ',', thousands = '.'")
expect("duckdb, price", read["price"], [1234.5, 1250.0, 45.0])
expect("duckdb, code", [str(code) for code in read["code"]], ["0003-02-01", "0004-02-01", "0001-10-01 (BC)"])

with open("english.csv", "w") as file:
    file.write('price;code\n"1,234.50";a\n"12,5";b\n"1,2,3";c\n')
print("1,234.50 and, from another till, 12,5; commas group thousands")
expect("pandas", with_pandas("english.csv", thousands=",")["price"], [1234.5, 125.0, 123.0])
expect("duckdb", with_duckdb("english.csv", "thousands = ','")["price"], [1234.5, 125.0, 123.0])
print("without the setting, both leave the column as text")
expect("pandas", with_pandas("sales.csv", decimal=",")["price"], ["1.234,50", "12.50", "4.5"])
expect("duckdb", with_duckdb("sales.csv", "decimal_separator = ','")["price"], ["1.234,50", "12.50", "4.5"])
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
