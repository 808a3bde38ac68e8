"""An import and its files."""

from __future__ import annotations

from datetime import date, datetime

from omnix_cli.records.record import Record


class ImportedFile(Record):
    """What happened to the rows of one input file. Always: read = accepted + quarantined + known."""

    name: str
    sha256: str
    mapping_key: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    known: int = 0
    newest_day: date | None = None


class ImportBatch(Record):
    """One import. `key` is the key of its checkpoint, `corrected` the number of accepted rows that replace earlier
    ones; `replay` marks an import of rows from the quarantine."""

    key: str
    kind: str
    imported_at: datetime
    files: tuple[ImportedFile, ...]
    corrected: int = 0
    replay: bool = False

    @property
    def accepted(self) -> int:
        """The rows this import added."""
        return sum(file.accepted for file in self.files)
