#!/usr/bin/env bash
# Guess:    a valid .zst file is read by everything that reads zstd, and a library's plain decompress() gives all of it.
# Really:   the format allows several frames in a file and "skippable" frames that hold no data. The parallel packer pzstd
#           writes a skippable frame first, so its files do not begin with the usual four bytes. polars then takes the
#           packed bytes for text, whatever the file's name says: no rows and no error from a small file, an error about
#           UTF-8 from a larger one. pandas, DuckDB and pyarrow read both.
#           python-zstandard's decompressobj() and read_to_iter() give 0 bytes for such a file without an error, and of
#           two frames (cat a.zst b.zst) these and decompress() give the first one only: 1,001 of 3,001 lines.
#           open() and stream_reader() of the same library give all. Several members of gzip are read by all.
# Versions: zstandard 0.25.0, polars 2.1.0, duckdb 2.0.1, pandas 3.1.1, pyarrow 26.0.1
# Date:     2026-11-29
# Matters:  nightly exports are packed in parallel or appended to; a cut one gives plausible totals of a third.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    zstandard==0.25.0 polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
cd "$work"
venv/bin/python - <<'PY'
import gzip
import sys
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.csv as pc
import zstandard

print(*(f"{p} {version(p)}" for p in ("zstandard", "polars", "duckdb", "pandas", "pyarrow")))
wrong = []


def expect(what, seen, wanted):
    print(f"  {what}: {seen}")
    if seen != wanted:
        wrong.append(f"{what}: {seen}, was {wanted}")


def tried(read, file):
    try:
        return read(file)
    except Exception as error:
        return type(error).__name__


def unpacked(file):
    return zstandard.ZstdDecompressor().decompress(Path(file).read_bytes()).count(b"\n")


def unpacked_by_object(file):
    return zstandard.ZstdDecompressor().decompressobj().decompress(Path(file).read_bytes()).count(b"\n")


def unpacked_by_parts(file):
    with open(file, "rb") as stream:
        return b"".join(zstandard.ZstdDecompressor().read_to_iter(stream)).count(b"\n")


def opened(file):
    with zstandard.open(file, "rb") as stream:
        return stream.read().count(b"\n")


tables = {
    "polars": lambda file: pl.read_csv(file).height,
    "pandas": lambda file: len(pd.read_csv(file)),
    "duckdb": lambda file: duckdb.sql(f"select count(*) from read_csv('{file}')").fetchall()[0][0],
    "pyarrow": lambda file: pc.read_csv(file).num_rows,
}
first = b"id,quantity\n" + b"".join(b"%d,1\n" % i for i in range(1000))
second = b"".join(b"%d,1\n" % i for i in range(1000, 3000))
packed = [zstandard.ZstdCompressor().compress(part) for part in (first, second)]
# as pzstd has it: before every frame a skippable one of 4 bytes, which hold the frame's size
sized = [b"\x50\x2a\x4d\x18\x04\0\0\0" + len(frame).to_bytes(4, "little") + frame for frame in packed]

frame = zstandard.ZstdCompressor().compress(b"id,quantity\n" + b"".join(b"%d,%d\n" % (i, i * i % 997) for i in range(100_000)))
Path("larger.csv.zst").write_bytes(b"\x50\x2a\x4d\x18\x04\0\0\0" + len(frame).to_bytes(4, "little") + frame)
Path("two.csv.zst").write_bytes(b"".join(packed))
Path("parallel.csv.zst").write_bytes(b"".join(sized))
Path("two.csv.gz").write_bytes(gzip.compress(first) + gzip.compress(second))

print("rows of two frames, 3,000 in all")
for name, read in tables.items():
    expect(name, tried(read, "two.csv.zst"), 3000)
for read, lines in ((opened, 3001), (unpacked, 1001), (unpacked_by_object, 1001), (unpacked_by_parts, 1001)):
    expect(f"zstandard, {read.__name__}, lines", tried(read, "two.csv.zst"), lines)
print("rows of the same, as pzstd packs it")
for name, read in tables.items():
    expect(name, tried(read, "parallel.csv.zst"), 0 if name == "polars" else 3000)
for read, lines in ((opened, 3001), (unpacked, "ZstdError"), (unpacked_by_object, 0), (unpacked_by_parts, 0)):
    expect(f"zstandard, {read.__name__}, lines", tried(read, "parallel.csv.zst"), lines)
print("rows of a larger file, as pzstd packs it")
for name, read in tables.items():
    expect(name, tried(read, "larger.csv.zst"), "ComputeError" if name == "polars" else 100_000)
print("rows of two gzip members")
for name, read in tables.items():
    expect(name, tried(read, "two.csv.gz"), 3000)
if wrong:
    sys.exit("changed: " + "; ".join(wrong))
print("as described")
PY
