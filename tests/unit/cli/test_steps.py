from __future__ import annotations

import json
from pathlib import Path

import pytest

from omnix_cli.cli.options import OutputSession, Session
from omnix_cli.cli.steps import init, show_run
from omnix_cli.records import StepRecord
from omnix_cli.services.runs.commands import RunReport

STEP = StepRecord(name="predict", key="k", status="pending", reason="first time", rows_out=3)


def test_a_dry_run_shows_what_it_would_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "steps.json"
    report = RunReport("publish", (STEP,), samples=({"id": "ann#homepage"},))
    show_run(lambda: report, OutputSession(format="json", output=str(file)))
    assert capsys.readouterr().err == 'would write {"id": "ann#homepage"}\n'
    (row,) = json.loads(file.read_text())
    assert (row["step"], row["status"], row["rows_out"]) == ("predict", "pending", 3)


def test_a_table_has_the_columns_that_fit(tmp_path: Path) -> None:
    file = tmp_path / "steps.txt"
    show_run(lambda: RunReport("predict", (STEP,)), OutputSession(output=str(file)))
    title, header, *_ = file.read_text().splitlines()
    assert title == "omnix predict: what would happen"
    assert header.split("  ")[-1] == "why"


def test_init_makes_what_is_missing_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(config=tmp_path / "shop.toml", workspace_folder=str(tmp_path / "shop"), quiet=True)
    init(session)
    assert capsys.readouterr().err == f"created {tmp_path / 'shop'}\ncreated {tmp_path / 'shop.toml'}\n"
    init(session)
    assert capsys.readouterr().err == "nothing to do: everything exists already\n"
