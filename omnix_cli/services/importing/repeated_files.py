"""Files that were imported before: unchanged, or read in another way now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from omnix_cli.mappings import ColumnMapping
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.services.importing.importer import Importer
from omnix_cli.services.importing.read_files import Reader


def latest(importer: Importer, kind: str, content: str | None) -> tuple[ImportBatch, ImportedFile] | None:
    """The newest import of a file with this content."""
    batches = reversed(importer.ledger.batches(kind))
    found = ((batch, file) for batch in batches for file in batch.files if file.sha256 == content and content)
    return next(found, None)


def is_known_by_name(importer: Importer, kind: str, name: str, content: str | None) -> bool:
    """Whether the newest import of a file of this name has this content."""
    batches = reversed(importer.ledger.batches(kind))
    named = (file.sha256 for batch in batches if not batch.replay for file in batch.files if file.name == name)
    return next(named, "") == content


def changed_readings(
    importer: Importer, mapping: ColumnMapping, contents: Mapping[str, str | None]
) -> frozenset[str | None]:
    """The contents of the files that were last read in another way."""
    key = Reader(mapping, importer.settings.timezone, importer.now, importer.open_spill).key
    last = ((content, latest(importer, mapping.kind, content)) for content in contents.values())
    return frozenset(content for content, found in last if found is not None and found[1].mapping_key != key)


def unchanged(
    importer: Importer, kind: str, key: str, name: str, content: str | None, *, after_others: bool = False
) -> tuple[ImportBatch, ImportedFile] | None:
    """The last import of a file, if it was read in this way (`key` of `Reader`). A copy under another name is a
    statement of its own if something else was imported since, or is read before it (`after_others`); so is a version of
    a table if another one was."""
    found, batches = latest(importer, kind, content), importer.ledger.batches(kind)
    newest = batches[-1:]
    if found is None or found[1].mapping_key != key:
        return None
    if table := importer.sources.table_identity(name):
        versions = (batch for batch in reversed(batches) if any(file.table == table for file in batch.files))
        return found if found[0] == next(versions, None) else None
    return (
        found if (found[0] in newest and not after_others) or is_known_by_name(importer, kind, name, content) else None
    )


def changed_tables(importer: Importer, mapping: ColumnMapping, contents: Mapping[str, str | None]) -> dict[str, str]:
    """The names of the tables of purchases or interactions that are now read at another version, by their identity."""
    if mapping.kind not in ("purchases", "interactions"):
        return {}
    key = Reader(mapping, importer.settings.timezone, importer.now, importer.open_spill).key
    tables = {importer.sources.table_identity(name): name for name in contents}
    return {
        table: name
        for table, name in tables.items()
        if table and unchanged(importer, mapping.kind, key, name, contents[name]) is None
    }


def whole_again(
    importer: Importer, kind: str, changed: frozenset[str | None], tables: Collection[str] = ()
) -> frozenset[str]:
    """The keys of the earlier imports all of whose files are now read in another way, or were other versions of these
    tables: what they gave is replaced. So are the rows that came from their quarantine later."""
    again: dict[str, set[str]] = {}
    for batch in importer.ledger.batches(kind):
        names = {file.name for file in batch.files}
        of_files = not batch.replay and all(file.sha256 in changed or file.table in tables for file in batch.files)
        of_quarantine = batch.replay and any(names <= files for files in again.values())
        if names and (of_files or of_quarantine):
            again[batch.key] = names
    return frozenset(again)


def partly_again(
    importer: Importer, kind: str, changed: frozenset[str | None], tables: Collection[str] = ()
) -> Iterator[str]:
    """Notes on earlier imports of which only some files are read again."""
    for batch in importer.ledger.batches(kind):
        others = [file.name for file in batch.files if file.sha256 not in changed and file.table not in tables]
        if others and len(others) < len(batch.files) and not batch.replay:
            yield (
                f"only some inputs of the import of {batch.imported_at:%Y-%m-%d %H:%M} were read in another way: rows "
                f"that they no longer give stay. To replace what it gave, read all of them again, also "
                f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
            )
