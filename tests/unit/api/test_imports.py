"""Imports and the quarantine from Python, without a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.api.workspace import Workspace, open_workspace
from omnix_cli.errors import ConfigError
from omnix_cli.services.importing.reports import ImportRefused
from tests.table_exports import full_line, write_export

NOW = datetime(2018, 1, 15, tzinfo=UTC)
LINES = "customer_id,product_id,purchased_at,n\nann,milk,2017-05-01,1\nbob,tea,2017-05-40,1\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "a.csv").write_text(LINES)
    return open_workspace(tmp_path / "workspace", now=lambda: NOW)


def test_files_are_imported_and_quarantined_rows_replayed(workspace: Workspace, tmp_path: Path) -> None:
    file, columns = str(tmp_path / "a.csv"), {"quantity": "n"}
    with pytest.raises(ImportRefused) as refused:
        workspace.imports.files("purchases", file, columns=columns)
    assert (refused.value.report.read, refused.value.report.quarantined) == (2, 1)
    assert workspace.imports.files("purchases", file, columns=columns, max_bad=1, dry_run=True).accepted == 1
    assert workspace.imports.files("purchases", [file], columns=columns, max_bad=1).accepted == 1

    found = workspace.quarantine.show(file=file)
    assert [(reason.reason, reason.rows) for reason in found.reasons] == [("not a date", 1)]
    assert found.rows["row_number"].to_list() == [3]
    fixed = tmp_path / "fixed.csv"
    fixed.write_text(LINES.replace("05-40", "05-30"))
    assert workspace.quarantine.replay(columns=columns, fixed={file: str(fixed)}).accepted == 1
    assert workspace.quarantine.show().rows.is_empty()


def test_the_time_zone_goes_before_that_of_the_recipe(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("customer_id,product_id,purchased_at,quantity\nann,milk,2017-05-01T23:30:00Z,1\n")
    report = workspace.imports.files("purchases", str(tmp_path / "b.csv"), timezone="Europe/Paris")
    assert str(report.newest_day) == "2017-05-02"


def test_the_configured_sources_are_imported(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("product_id,name\n1,Tea\n")
    (tmp_path / "shop.toml").write_text(f'[[imports.sources]]\nkind = "products"\nfiles = ["{tmp_path}/p.csv"]\n')
    workspace = open_workspace(tmp_path / "workspace", config=tmp_path / "shop.toml", now=lambda: NOW)
    assert [(step.name, step.rows_out) for step in workspace.imports.sources()] == [("import products", 1)]


def test_a_table_of_another_store_or_export(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no table of orders"):
        workspace.imports.table("orders", "sqlite")
    with pytest.raises(ConfigError, match=r"neither"):
        workspace.imports.table("purchases", "dynamo-db")
    with pytest.raises(ConfigError, match="colour=red"):
        workspace.imports.table("purchases", ["sqlite", "colour=red"])
    line = full_line({"id": "1", "name": "Tea"})
    folder = write_export(tmp_path / "in", [[line]], table="products")
    assert workspace.imports.table("products", str(folder)).accepted == 1


def test_rows_are_discarded(workspace: Workspace, tmp_path: Path) -> None:
    workspace.imports.files("purchases", str(tmp_path / "a.csv"), columns={"quantity": "n"}, max_bad=1)
    assert workspace.quarantine.discard(dry_run=True).rows == 1
    assert workspace.quarantine.discard(reason="not a number").rows == 0
    assert workspace.quarantine.discard().rows == 1
    assert workspace.quarantine.discard().rows == 0
