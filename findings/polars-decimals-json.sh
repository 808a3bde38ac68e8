#!/usr/bin/env bash
# Guess:    a frame with a Decimal column survives JSON in polars: amounts are written as numbers with their digits, and
#           reading them with a schema of Decimal gives the same amounts, since that is what Decimal is for.
# Really:   `write_ndjson`, `write_json` and `struct.json_encode` write every Decimal as a text in quotes. Reading the
#           file infers String, so sums are refused or, after a cast to float, inexact. `read_ndjson` with Decimal in
#           the schema refuses both the quoted texts that polars wrote and plain numbers. Only `str.json_decode` with a
#           Decimal in its type reads numbers, but through a binary float: 99999999999999.99 becomes ...99.98. The same
#           digits in quotes are read exactly there. Python's json with parse_float=Decimal is exact, too.
# Versions: polars 2.1.0
# Date:     2026-11-29
# Matters:  amounts that go through NDJSON between two steps of a job change their type, or lose cents above 15 digits
#           without any error. Write amounts as texts knowingly and decode those, or move them in Parquet.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
cd "$work"
venv/bin/python - <<'PY'
import io
import json
import sys
from decimal import Decimal

import polars as pl

print("polars", pl.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


MONEY = pl.Decimal(18, 2)
frame = pl.DataFrame({"paid": pl.Series([Decimal("1.10"), Decimal("99999999999999.99")], dtype=MONEY), "lines": [1, 2]})
lines = frame.write_ndjson()
print("written")
expect("write_ndjson", lines.splitlines()[0], '{"paid":"1.10","lines":1}')
expect("write_json", frame.head(1).write_json(), '[{"paid":"1.10","lines":1}]')
expect("json_encode", frame.select(pl.struct("paid").struct.json_encode())["paid"][0], '{"paid":"1.10"}')


def read(text):
    try:
        return pl.read_ndjson(io.StringIO(text), schema_overrides={"paid": MONEY})["paid"].to_list()
    except pl.exceptions.PolarsError as error:
        return type(error).__name__


print("read again")
expect("read_ndjson without a schema", pl.read_ndjson(io.StringIO(lines)).schema["paid"], "String")
expect("read_ndjson with Decimal, of what polars wrote", read(lines), "SchemaError")
expect("read_ndjson with Decimal, of numbers", read('{"paid":1.10}\n{"paid":2.20}\n'), "SchemaError")
kind = pl.Struct({"paid": MONEY})


def decoded(text):
    return pl.Series([text]).str.json_decode(kind).struct.field("paid")[0]


expect("json_decode of a number", decoded('{"paid":99999999999999.99}'), "99999999999999.98")
expect("json_decode of the digits in quotes", decoded('{"paid":"99999999999999.99"}'), "99999999999999.99")
exact = json.loads('{"paid":99999999999999.99}', parse_float=Decimal)["paid"]
expect("Python's json with parse_float=Decimal", exact, "99999999999999.99")
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
