#!/usr/bin/env bash
# Guess:    trim(id) removes either the blank alone, as the SQL standard says, or white space, as str.strip() does.
# Really:   DuckDB's trim does neither. It removes no-break, thin and ideographic blanks, but leaves tabs, carriage
#           returns, line feeds and U+0085. Python, pandas and pyarrow remove all of these; polars does too, except the
#           separators U+001C to U+001F, which Python's str.strip() removes and its bytes.strip() leaves. Zero-width
#           blanks and byte order marks stay in all of them.
# Versions: duckdb 2.0.1, polars 2.1.0, pyarrow 26.0.1, pandas 3.1.1
# Date:     2026-11-29
# Matters:  ids in the last column of a file with CRLF, or copied from a spreadsheet (a tab), are "trimmed" and still
#           match nothing in the catalogue; printed, they look the same. Tests made with a no-break blank pass.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

print("duckdb", duckdb.__version__, "polars", pl.__version__, "pyarrow", pa.__version__, "pandas", pd.__version__)
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if str(seen) != str(wanted):
        wrong.append(f"{what}: {seen}, was {wanted}")


BLANKS = {
    "blank": " ", "no-break": "\u00a0", "thin": "\u2009", "ideographic": "\u3000",
    "tab": "\t", "CR": "\r", "LF": "\n", "U+0085": "\x85", "U+001F": "\x1f",
    "zero-width": "\u200b", "byte order mark": "\ufeff",
}
ids = [f"A1{blank}" for blank in BLANKS.values()]
trimmed = {
    "python": [one.strip() for one in ids],
    "pandas": pd.Series(ids).str.strip().tolist(),
    "pyarrow": pc.utf8_trim_whitespace(pa.array(ids)).to_pylist(),
    "polars": pl.Series(ids).str.strip_chars().to_list(),
    "polars, SQL": pl.SQLContext(t=pl.DataFrame({"id": ids})).execute("select trim(id) from t").collect()["id"].to_list(),
    "duckdb": [duckdb.execute("select trim(?)", [one]).fetchall()[0][0] for one in ids],
}
left = {tool: ", ".join(name for name, one in zip(BLANKS, found) if one != "A1") for tool, found in trimmed.items()}
print("A1 and one sign behind it, trimmed; what is left")
for tool in ("python", "pandas", "pyarrow"):
    expect(tool, left[tool], "zero-width, byte order mark")
for tool in ("polars", "polars, SQL"):
    expect(tool, left[tool], "U+001F, zero-width, byte order mark")
expect("duckdb", left["duckdb"], "tab, CR, LF, U+0085, U+001F, zero-width, byte order mark")
expect("python, U+001F of bytes is left", b"A1\x1f".strip() == b"A1\x1f", True)

sold = pa.table({"id": ["A1\r", "A1\t", "A1\u00a0", "A1 "]})
catalogue = pa.table({"id": ["A1"]})
print("four lines sold, joined with the catalogue by trim(id)")
query = "select count(*) from sold join catalogue on trim(sold.id) = catalogue.id"
expect("duckdb", duckdb.sql(query).fetchall()[0][0], 2)
lines = pl.from_arrow(sold).with_columns(pl.col("id").str.strip_chars())
expect("polars", lines.join(pl.from_arrow(catalogue), on="id").height, 4)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
