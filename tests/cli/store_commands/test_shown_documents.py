from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Omnix


def test_a_document_is_read_from_a_file_and_options_come_on_top(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "zoe.json").write_text('{"demographics": {"age": 30, "gender": "f"}, "preferences": {}}')
    answer = omnix("customers", "register", "zoe", "--data", "zoe.json", "--age", "31", "--format", "json")
    assert json.loads(answer.out)["demographics"] == {"age": 31, "gender": "f"}
    (tmp_path / "bad.json").write_text("{")
    bad = omnix("customers", "register", "max", "--data", "bad.json")
    assert (bad.code, "bad.json is not JSON" in bad.err) == (3, True)
    assert omnix("customers", "register", "max", "--data", "gone.json").code == 2
