"""Records and logs lose the name of a customer, and stay what they are."""

from __future__ import annotations

import json
from pathlib import Path

from omnix_cli.safe_text.redaction import REDACTED, Traces
from omnix_cli.services.privacy.workspace_files import LogFiles, WorkspaceRecords
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, sealed, unsealed

ZOE = Traces("zoe-4711")


def erase(folder: Path) -> int:
    place = WorkspaceRecords(DiskFolder(folder))
    expected = sum(1 for _ in place.pieces(ZOE))
    assert place.erase(ZOE) == expected and place.erase(ZOE) == 0
    return expected


def test_a_sealed_record_stays_sealed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    run = tmp_path / "runs" / "1.json"
    run.write_bytes(as_sealed_json({"error": "bad row of zoe-4711", "rows": 3}))
    other = tmp_path / "runs" / "2.json"
    other.write_bytes(as_sealed_json({"error": "bad row of zoe-47110"}))
    before = other.read_bytes()
    assert erase(tmp_path) == 1
    assert from_sealed_json(run.read_bytes(), dict) == {"error": f"bad row of {REDACTED}", "rows": 3}
    assert other.read_bytes() == before


def test_so_does_each_of_a_list(tmp_path: Path) -> None:
    file = tmp_path / "imports.json"
    file.write_text(json.dumps([sealed({"name": "zoe-4711 ä.csv"}), sealed({"name": "b"})], indent=1) + "\n")
    assert erase(tmp_path) == 1
    first, second = json.loads(file.read_bytes())
    assert unsealed(first, dict) == {"name": f"{REDACTED} ä.csv"} and unsealed(second, dict) == {"name": "b"}
    assert file.read_text().endswith("]\n")


def test_a_copy_that_had_reached_the_customer_begins_its_segment_again(tmp_path: Path) -> None:
    for run, after in (("a", "zoe-4711"), ("b", "zoe-4711#homepage"), ("c", "c01")):
        (tmp_path / "migrations" / run).mkdir(parents=True)
        (tmp_path / "migrations" / run / "t-000.json").write_bytes(as_sealed_json({"after": after, "chunks": 2}))
    assert erase(tmp_path) == 2
    left = [from_sealed_json((tmp_path / "migrations" / run / "t-000.json").read_bytes(), dict) for run in "abc"]
    assert [one["after"] for one in left] == [None, None, "c01"]


def test_a_damaged_record_loses_the_name_too(tmp_path: Path) -> None:
    (tmp_path / "1.json.damaged").write_bytes(b'{"error": "of zoe-4711", \xff')
    assert WorkspaceRecords(DiskFolder(tmp_path)).erase(ZOE) == 1
    assert (tmp_path / "1.json.damaged").read_bytes() == b'{"error": "of [forgotten]", \xff'


def test_tombstones_locks_and_unknown_files_stay(tmp_path: Path) -> None:
    for name in ("forgotten.json", "lock", "notes.txt", "a.parquet"):
        (tmp_path / name).write_text('{"who": "zoe-4711"}')
    assert erase(tmp_path) == 0


def test_lines_of_a_log_are_rewritten_in_place(tmp_path: Path) -> None:
    log = tmp_path / "omnix.log"
    events = [{"time": "t", "message": "row of zoe-4711", "n": 1}, {"time": "t", "message": "zoe-47110"}]
    log.write_text("".join(json.dumps(event) + "\n" for event in events) + "no event of zoe-4711\n")
    place = LogFiles(tmp_path)
    assert [piece.where for piece in place.pieces(ZOE)] == ["logs/omnix.log"] * 2
    with log.open("a") as still_open:
        assert place.erase(ZOE) == 2
        still_open.write("later\n")
    lines = log.read_text().splitlines()
    assert json.loads(lines[0]) == {"time": "t", "message": f"row of {REDACTED}", "n": 1}
    assert json.loads(lines[1]) == events[1]
    assert lines[2:] == [f"no event of {REDACTED}", "later"]
    assert place.erase(ZOE) == 0
