from __future__ import annotations

from pathlib import Path

from omnix_cli.mappings import ColumnMapping
from omnix_cli.settings import Settings
from omnix_cli.wiring.rehearsals import questions_to_come, rehearsal
from omnix_cli.wiring.workspaces import Workspace
from tests.conftest import NOW

LINES = "purchase_id,customer_id,product_id,purchased_at,quantity\n"
MAPPING = ColumnMapping(kind="purchases", columns={name: name for name in LINES.strip().split(",")})


def kept(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_what_is_imported_on_trial_is_known_there_only(tmp_path: Path) -> None:
    workspace = Workspace.open(Settings(workspace=tmp_path / "shop"), now=lambda: NOW)
    for number, product in enumerate(("milk", "tea")):
        (tmp_path / f"{product}.csv").write_text(f"{LINES}{number},ann,{product},2018-01-0{number + 1} 10:00,1\n")
    first, second = (str(tmp_path / f"{product}.csv") for product in ("milk", "tea"))
    workspace.import_files("purchases", [first], MAPPING)
    before = kept(tmp_path)
    with rehearsal(workspace) as tried, rehearsal(tried) as within:
        batch = within.import_files("purchases", [second], MAPPING).batch
        assert within.ledger.view("purchases").rows == 2
        assert sorted(within.ledger.view("purchases").scan().collect()["product_id"]) == ["milk", "tea"]
        assert tried.ledger.view("purchases").rows == 1
        apart = within.apart
    assert not apart.exists()
    assert kept(tmp_path) == before
    assert workspace.ledger.view("purchases").rows == 1
    assert workspace.import_files("purchases", [second], MAPPING).batch == batch


def test_statistics_ask_nothing(tmp_path: Path) -> None:
    assert questions_to_come(Workspace.open(Settings(workspace=tmp_path), now=lambda: NOW)) == {}
