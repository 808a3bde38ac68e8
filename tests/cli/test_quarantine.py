from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Omnix
from tests.cli.test_imports import BAD, GOOD, HEADER


def test_quarantined_rows_are_shown_replayed_and_discarded(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD + "dan,tea,o4,2017-05-04,none,3.50\n")
    omnix("import", "purchases", "a.csv", "--max-bad", "1")
    shown = json.loads(omnix("quarantine", "show", "--rows", "--format", "json").out)
    assert [(row["row_number"], row["column"], row["value"]) for row in shown] == [
        (5, "purchased_at", "2017-05-40"),
        (6, "quantity", "none"),
    ]
    (tmp_path / "fixed.csv").write_text(
        HEADER + GOOD + BAD.replace("05-40", "05-30") + "dan,tea,o4,2017-05-04,none,3\n"
    )
    replayed = omnix("quarantine", "replay", "--fixed", "a.csv=fixed.csv")
    assert replayed.code == 0, replayed.err
    assert "1 accepted" in replayed.err
    reasons = json.loads(omnix("quarantine", "show", "--format", "json").out)
    assert [(reason["column"], reason["rows"]) for reason in reasons] == [("quantity", 1)]
    assert "1 row discarded" in omnix("quarantine", "discard").err
    assert json.loads(omnix("quarantine", "show", "--format", "json").out) == []


def test_old_spellings_still_work_and_name_the_new_ones(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD)
    (tmp_path / "fixed.csv").write_text(HEADER + GOOD + BAD.replace("05-40", "05-30"))
    omnix("import", "purchases", "a.csv", "--max-bad", "1")
    shown = omnix("show", "quarantine", "--format", "json")
    assert [row["row_number"] for row in json.loads(shown.out)] == [5]
    assert "use `omnix quarantine show --rows`" in shown.err
    replayed = omnix("quarantine", "replay", "--mended", "a.csv=fixed.csv")
    assert (replayed.code, "1 accepted" in replayed.err) == (0, True)
    assert "`--mended` will be removed in the next release; use `--fixed`" in replayed.err


def test_quarantined_rows_of_one_file(omnix: Omnix, tmp_path: Path) -> None:
    for number, name in enumerate(["a.csv", "b.csv"]):
        (tmp_path / name).write_text(HEADER + GOOD + BAD.replace("05-40", f"05-4{number}"))
        omnix("import", "purchases", name, "--max-bad", "1")
    rows = json.loads(omnix("quarantine", "show", "--rows", "--file", "b.csv", "--format", "json").out)
    assert [(row["file"], row["value"]) for row in rows] == [("b.csv", "2017-05-41")]


def test_a_replay_names_what_it_does_not_know(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD + BAD)
    omnix("import", "purchases", "a.csv", "--max-bad", "1")
    wrong_name = omnix("quarantine", "replay", "--fixed", "aa.csv=a.csv")
    assert wrong_name.code == 2
    assert "no purchases were imported from `aa.csv`" in wrong_name.err
    assert "Did you mean `a.csv`?" in wrong_name.err
    no_file = omnix("quarantine", "replay", "--fixed", "a.csv=gone.csv")
    assert no_file.code == 3
    assert "gone.csv" in no_file.err
