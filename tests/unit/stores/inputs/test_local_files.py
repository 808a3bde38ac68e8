from __future__ import annotations

import hashlib
from pathlib import Path

from omnix_cli.stores.inputs.local_files import LocalFiles


def test_folders_globs_and_fingerprints(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "deep/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = LocalFiles()
    assert files.below(str(tmp_path)) == [str(tmp_path / name) for name in ("a.csv", "b.csv", "deep/c.csv")]
    assert files.matching(str(tmp_path / "*.csv")) == [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert files.matching(str(tmp_path / "deep")) == []
    assert files.fingerprint(str(tmp_path / "a.csv")) == hashlib.sha256(b"a.csv").hexdigest()
    assert files.exists(str(tmp_path / "a.csv"))
    assert not files.exists(str(tmp_path / "z.csv"))
