"""Which files of a folder are inputs, which are left out, and the columns that the names of folders give.

Files are chosen by suffix, in upper or lower case. A file that has none, or one that says nothing, is an input if it
begins as a table does.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import polars as pl

from omnix_cli.protocols.inputs import DELETED, ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.byte_streams import HashedStream, unpacked
from omnix_cli.stores.inputs.formats import COMPRESSIONS, CONTAINERS, SUFFIXES

ABSENT = "__HIVE_DEFAULT_PARTITION__"
"""The name of a folder for rows whose value is absent."""

_LEFTOVERS = re.compile(
    r"(?i)\..*|_temporary|_tmp.*|_success|_committed_.*|_started_.*|_metadata|_common_metadata|_spark_metadata"
    r"|_symlink_format_manifest|_change_data|__macosx|~\$.*|thumbs\.db|desktop\.ini|.*\.crc|.*_\$folder\$"
)
"""Names of folders and files that jobs, systems and programs leave behind: nobody misses them in an import."""

_PARTITION = re.compile(r"([^=/]+)=([^/]*)")
_UNSPECIFIC = (".dat", ".data", ".out")
_ABOUT = re.compile(r"(?i)(?:read[ _-]?me|licen[cs]e|copying|notice|changelog|release[ _-]?notes)[^/]*\.txt")
"""Names of texts that come with data sets; they are inputs only if they begin as tables do."""
_SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class FileList:
    """The inputs among some files, and the names of those left out that somebody may miss."""

    inputs: list[str]
    left_out: list[str]

    def note(self, where: str) -> str | None:
        """A sentence on the files left out."""
        if not self.left_out:
            return None
        names = [name.removeprefix(where).lstrip("/") for name in self.left_out]
        more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
        files = "file" if len(names) == 1 else "files"
        return f"left out {len(names):,} {files} of {where} that omnix does not read: {', '.join(names[:10])}{more}"


def sorted_out(
    names: Iterable[str], where: str, beginning: Callable[[str], bytes], size: Callable[[str], int]
) -> FileList:
    """The inputs among the files below a folder or in an archive."""
    found = FileList([], [])
    for name in names:
        if is_leftover(name.removeprefix(where)):
            continue
        is_about = _ABOUT.fullmatch(name.rpartition("/")[2]) is not None
        if _has_suffix(name) and not is_about:
            found.inputs.append(name)
        elif _may_be_table(name) and size(name) == 0:
            continue  # a marker, such as those that stand for an empty folder
        elif (_may_be_table(name) or is_about) and looks_like_table(beginning(name)):
            found.inputs.append(name)
        else:
            found.left_out.append(name)
    return found


def is_leftover(path: str) -> bool:
    """Whether a path below a folder is one that jobs or programs leave behind."""
    return any(_LEFTOVERS.fullmatch(part) for part in path.split("/") if part and "=" not in part)


def partitions(name: str) -> dict[str, str | None]:
    """The columns that the folders of a path give, as Hive and Spark name them: `store=4/day=2024-01-01/x.parquet`."""
    folders = name.split("/")[:-1]
    matches = (_PARTITION.fullmatch(folder) for folder in folders)
    found = {unquote(match[1]): unquote(match[2]) for match in matches if match}
    return {column: None if value in (ABSENT, "") else value for column, value in found.items()}


def looks_like_table(beginning: bytes) -> bool:
    """Whether the first bytes of a file, perhaps compressed, are those of a table: Parquet, JSON, or two lines with
    equally many separators."""
    content = _unpacked(beginning)
    if content.startswith((b"PAR1", b"PK\x03\x04")):
        return True
    text = content.removeprefix(b"\xef\xbb\xbf")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace").encode()
    if b"\0" in text:
        return False
    if re.match(rb'\s*(\{\s*"|\[\s*\{)', text):
        return True
    lines = [line for line in text.decode("latin-1").splitlines() if line.strip()][:2]
    return len(lines) == 2 and any(0 < lines[0].count(sign) == lines[1].count(sign) for sign in _SEPARATORS)


def plain_name(name: str) -> str:
    """The last part of a path in lower case, without the suffix of a compression."""
    last = name.rpartition("/")[2].lower()
    return next((last.removesuffix(suffix) for suffix in COMPRESSIONS if last.endswith(suffix)), last)


def is_plain(name: str) -> bool:
    """Whether the name of a file says that it is a table, and no archive or workbook."""
    return plain_name(name).endswith(SUFFIXES)


def is_debris(name: str) -> bool:
    """Whether a file that matches a glob is one that jobs leave behind. Hidden files only match when they are meant."""
    last = name.rpartition("/")[2]
    return not last.startswith(".") and is_leftover(last)


def marked(sha256: str, columns: Mapping[str, str | None]) -> str:
    """The fingerprint of a file in folders that give columns: equal files of two folders differ in their rows."""
    if not columns:
        return sha256
    return hashlib.sha256(f"{sha256} {sorted(columns.items())}".encode()).hexdigest()


def with_partitions(rows: pl.DataFrame, columns: Mapping[str, str | None], findings: dict[str, str]) -> pl.DataFrame:
    """The rows with the columns that the folders give, as texts. A column that the rows have is kept; values that
    differ are a finding."""
    own = {name.casefold(): name for name in rows.columns if name not in (ROW_NUMBER, ITEM, DELETED)}
    for name, value in columns.items() if own else ():
        if name.casefold() not in own:
            rows = rows.with_columns(pl.lit(value, pl.String).alias(name))
            findings.setdefault("columns of folders", ", ".join(columns))
        elif not _agrees(rows[own[name.casefold()]], value):
            findings[f"folder {name}={value}"] = f"the column `{own[name.casefold()]}` of the file differs and is used"
    return rows


def _agrees(column: pl.Series, value: str | None) -> bool:
    texts = column.cast(pl.String, strict=False).drop_nulls().unique()
    other = texts.filter((texts != "") & (texts != (value or "")))
    numbers = other.cast(pl.Float64, strict=False)
    same = pl.Series([value]).cast(pl.Float64, strict=False)[0]
    return other.is_empty() or (same is not None and numbers.null_count() == 0 and bool((numbers == same).all()))


def _has_suffix(name: str) -> bool:
    return is_plain(name) or name.lower().endswith(CONTAINERS)


def _may_be_table(name: str) -> bool:
    last = plain_name(name)
    return "." not in last or last.endswith(_UNSPECIFIC) or last != name.rpartition("/")[2].lower()


def _unpacked(beginning: bytes) -> bytes:
    return b"".join(_pieces(beginning)) or beginning


def _pieces(beginning: bytes) -> Iterator[bytes]:
    """What can be decompressed of the beginning of a file."""
    opened, compression = unpacked(HashedStream(io.BytesIO(beginning)))
    try:
        for _ in range(64 if compression is not None else 0):
            if not (piece := opened.read(1024)):
                return
            yield piece
    except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError):
        return
