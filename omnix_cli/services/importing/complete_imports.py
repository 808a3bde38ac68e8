"""Complete imports: what a whole catalogue, an export of all profiles, or a table no longer has is withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import orjson
import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.importer import Import
from omnix_cli.services.importing.reports import ImportRefused

KINDS = ("products", "customers")
_MOST = 0.5
"""A complete import that lacks more than this share of what there was is refused: its files are rather not whole."""


def delisted(work: Import) -> pl.DataFrame:
    """The current rows that a complete import lacks, marked as withdrawn; call it when all files are read.

    Rows that are bad are there, even if they are not imported. Raises `ImportRefused` when most rows are missing."""
    gone, before = _missing(work)
    most = work.importer.settings.max_row_fall
    allowed = _MOST if most is None else most
    if gone.height > allowed * before:
        message = f"{gone.height:,} of {before:,} {work.kind} are not in these files (allowed {allowed:.0%})"
        hint = "If the files have all there is, raise imports.max_row_fall; if not, import them without --complete."
        raise ImportRefused(message, hint, work.report())
    return gone.with_columns(withdrawn=pl.lit(True))


def told(work: Import, gone: pl.DataFrame | None) -> Iterator[Finding]:
    """Tells of the products or profiles of before that these files lack: those withdrawn, or those that stay. A file
    with less than half of them is no full export; nothing is said about it."""
    if work.kind not in KINDS:
        return
    own_id, noun = FRAMES[work.kind].key[0], work.kind.removesuffix("s")
    if gone is not None:
        if gone.height:
            withdrawn = counted(gone.height, f"{noun} is", f"{work.kind} are")
            lack = "it:" if gone.height == 1 else "them, such as"
            text = f"{withdrawn} withdrawn, since these files lack {lack} {gone[own_id][0]}"
            back = "It comes back with the next import that has it."
            if gone.height > 1:
                back = "They come back with the next import that has them."
            yield Finding("withdrawn", gone.height, text, back)
        return
    missing, before = _missing(work)
    if missing.height and missing.height <= before / 2:
        are = "is" if missing.height == 1 else "are"
        text = f"{missing.height:,} of {before:,} {work.kind} of before {are} not in these files ({missing[own_id][0]})"
        hint = "They are still offered. If the files have all there is, import them with --complete."
        yield Finding("not_in_files", missing.height, text, hint)


def check_replaced(work: Import, batches: Collection[str], tables: Mapping[str, str]) -> None:
    """Raises `ImportRefused` when a table has lost most of the rows that these earlier imports of it gave, and most of
    its rows are new: then it probably keeps the newest rows only. Call it when the rows are stored."""
    before = sum(
        rows.select(pl.len()).collect().item() for key, rows in work.comparison.view.batches() if key in batches
    )
    files = [file for file in work.files if file.name in tables.values()]
    read, known = sum(file.read for file in files), sum(file.known for file in files)
    gone = work.counts["withdrawn"]
    if gone > _MOST * before and known <= _MOST * read:
        message = f"{gone:,} of {before:,} imported {work.kind} are no longer in {', '.join(tables.values())}"
        hint = "If the table keeps the newest rows only, import it with --no-complete; if it was replaced, --complete."
        raise ImportRefused(message, hint, work.report())


def hinted(findings: Iterable[Finding], tables: Collection[str]) -> Iterator[Finding]:
    """The findings, with a hint at what withdraws the rows that tables no longer have."""
    hint = "A table counts as a whole: rows that it no longer has are withdrawn. --no-complete keeps them."
    for finding in findings:
        yield replace(finding, hint=hint) if tables and finding.code == "withdrawn" else finding


def _missing(work: Import) -> tuple[pl.DataFrame, int]:
    """The current rows, but those withdrawn, that this import lacks, and how many there are in all."""
    own_id = FRAMES[work.kind].key[0]
    current = work.comparison.view.scan().filter(~pl.col("withdrawn").fill_null(False))
    there = [piece.select(own_id) for piece in work.comparison.pieces()]
    there += [pl.DataFrame({own_id: list(_bad_ids(work, own_id))}, schema={own_id: pl.String})]
    listed = pl.concat(there).unique()
    rows = current.join(listed.lazy(), on=own_id, how="anti").collect().sort(own_id)
    return rows, int(current.select(pl.len()).collect().item())


def _bad_ids(work: Import, own_id: str) -> Iterator[str]:
    """The ids of rows that are bad; not those that a rule of the mapping leaves out."""
    source = work.reader.mapping.columns.get(own_id, own_id)
    names = (source,) if isinstance(source, str) else source if isinstance(source, tuple) else source.columns[:1]
    for piece in work.quarantine.pieces():
        for row in piece.filter(~pl.col("expected"))["row"]:
            fields = orjson.loads(row)
            written = [str(fields[name]) for name in names if fields.get(name) is not None]
            yield from (id for text in written for id in (text, text.strip()))
