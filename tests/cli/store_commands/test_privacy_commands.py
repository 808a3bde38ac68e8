"""Export, forget and the report on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Omnix
from tests.left_behind import naming

ZOE = "zoe-4711"


@pytest.fixture
def zoe(omnix: Omnix, tmp_path: Path) -> Omnix:
    (tmp_path / "purchases.csv").write_text(
        "customer_id,product_id,purchased_at,quantity\n"
        f"{ZOE},milk,2018-01-02,1\nc01,milk,2018-01-02,1\nc01,milk,2018-01-03,much\n{ZOE},milk,2018-01-03,much\n"
    )
    assert omnix("import", "purchases", "purchases.csv", "--max-bad", "1").code == 0
    assert omnix("customers", "register", ZOE, "--age", "30").code == 0
    return omnix


def test_an_export_is_json(zoe: Omnix, tmp_path: Path) -> None:
    answer = zoe("customers", "export", ZOE, "--format", "json")
    found = json.loads(answer.out)
    assert answer.code == 0 and found["customerId"] == ZOE
    assert found["kept"]["store"][0]["content"]["demographics"] == {"age": 30}
    assert sorted(piece["where"].partition(" ")[0] for piece in found["kept"]["checkpoints"]) == [
        "purchases",
        "quarantine",
    ]
    assert zoe("customers", "export", ZOE, "--output", "zoe.json").code == 0
    assert json.loads((tmp_path / "zoe.json").read_text())["kept"] == found["kept"]
    assert "table " in zoe("customers", "export", ZOE).out
    assert zoe("customers", "export", ZOE, "--format", "csv").out.count("\n") == 4


def test_forgetting_says_what_it_would_do_and_did(zoe: Omnix, tmp_path: Path) -> None:
    dry = zoe("customers", "forget", ZOE, "--dry-run")
    assert dry.code == 0 and "would_erase_or_hide.checkpoints  2" in dry.out
    hidden = zoe("customers", "forget", ZOE)
    assert hidden.code == 0 and "--purge erases them" in hidden.err
    assert naming(tmp_path / ".omnix", ZOE)
    purged = zoe("customers", "forget", ZOE, "--purge", "--format", "json")
    receipt = json.loads(purged.out)
    assert (purged.code, receipt["purged"], receipt["remaining"]) == (0, True, [])
    assert receipt["erased"] == {"store": 1, "checkpoints": 2, "migrations": 0, "records": 0, "logs": 0}
    assert naming(tmp_path / ".omnix", ZOE) == []
    again = zoe("customers", "forget", ZOE, "--purge")
    assert again.code == 0
    assert zoe("customers", "profile", ZOE).code == 3


def test_what_remains_ends_with_its_own_code_and_a_receipt(zoe: Omnix, tmp_path: Path) -> None:
    (tmp_path / ".omnix" / "note.txt").write_text(f"call {ZOE}\n")
    answer = zoe("customers", "forget", ZOE, "--purge")
    assert answer.code == 5 and "note.txt" in answer.err and "signature" in answer.out


def test_a_blank_id_is_refused(zoe: Omnix) -> None:
    for command in ("export", "forget"):
        answer = zoe("customers", command, " ")
        assert answer.code == 3 and "must not be blank" in answer.err


def test_there_must_be_a_workspace(omnix: Omnix) -> None:
    assert omnix("customers", "export", ZOE, "--workspace", "nowhere").code == 2


def test_the_report_has_all_three_parts(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_PREDICTION__PREDICTOR", "bedrock")
    monkeypatch.setenv("OMNIX_BEDROCK__REGION", "eu-west-1")
    monkeypatch.setenv("OMNIX_RETENTION__RUN_DAYS", "90")
    found = json.loads(omnix("privacy", "report", "--format", "json").out)
    customer = next(one for one in found["leaves"] if one["field"] == "customer_id")
    assert (customer["form"], customer["region"], customer["active"]) == ("a keyed pseudonym", "eu-west-1", True)
    assert found["retention"]["run_days"] == 90
    table = omnix("privacy", "report").out
    assert all(text in table for text in ("leaves", "floor", "for ever", "privacy.min_customers"))
