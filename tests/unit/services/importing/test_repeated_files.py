"""Files that are read again; `tests/integration/test_line_identity.py` has what that changes."""

from __future__ import annotations

from pathlib import Path

from omnix_cli.services.importing.repeated_files import changed_readings, partly_again, whole_again
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import imported, importer, line, write


def test_an_import_is_replaced_when_all_its_files_are_read_in_another_way(tmp_path: Path) -> None:
    work = importer(tmp_path)
    files = [write(tmp_path / f"{number}.csv", [line(number)]) for number in (1, 2)]
    imported(work, *files)
    contents = {str(file): work.sources.fingerprint(str(file)) for file in files}
    mapping = load_mapping("purchases")
    assert not changed_readings(work, mapping, contents)
    changed = changed_readings(work, mapping.model_copy(update={"timezone": "Asia/Tokyo"}), contents)
    assert whole_again(work, "purchases", changed) == {work.ledger.batches("purchases")[0].key}
    some = frozenset(list(changed)[:1])
    assert not whole_again(work, "purchases", some)
    assert len(list(partly_again(work, "purchases", some))) == 1
