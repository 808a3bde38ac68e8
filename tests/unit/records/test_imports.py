from __future__ import annotations

from datetime import UTC, datetime

from omnix_cli.records import ImportBatch, ImportedFile


def test_an_import_adds_what_its_files_add() -> None:
    files = [
        ImportedFile(name=name, sha256="s", mapping_key="m", read=5, accepted=n) for name, n in (("a", 2), ("b", 3))
    ]
    batch = ImportBatch(key="k", kind="purchases", imported_at=datetime(2018, 1, 15, tzinfo=UTC), files=tuple(files))
    assert batch.accepted == 5
