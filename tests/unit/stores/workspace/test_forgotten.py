"""The list of forgotten customers: hashes only, and what they say of ids, rows and imports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.forgotten import FILE, ForgottenCustomers, Tombstone

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


def bury(folder: Path, customer: str, **facts: object) -> Tombstone:
    forgotten = ForgottenCustomers(DiskFolder(folder))
    return forgotten.change(
        customer,
        lambda one, name: Tombstone(
            hash=name, forgotten_at=NOW, is_distinctive=Traces(customer).is_distinctive, **facts
        ),
    )


@pytest.fixture
def forgotten(tmp_path: Path) -> ForgottenCustomers:
    bury(tmp_path, "zoe-4711")
    bury(tmp_path, "12", purged=True)
    return ForgottenCustomers(DiskFolder(tmp_path))


def test_nobody_is_forgotten_at_first(tmp_path: Path) -> None:
    nobody = ForgottenCustomers(DiskFolder(tmp_path))
    assert (nobody.anybody, nobody.key, nobody.find("zoe-4711")) == (False, b"", None)
    assert nobody.among(pl.Series(["zoe-4711", None])).to_list() == [False, False]
    assert not (tmp_path / FILE).exists()


def test_the_file_names_nobody(forgotten: ForgottenCustomers, tmp_path: Path) -> None:
    assert "zoe" not in (tmp_path / FILE).read_text()
    assert len(json.loads((tmp_path / FILE).read_text())["customers"]) == 2
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_ids_are_known(forgotten: ForgottenCustomers) -> None:
    ids = pl.Series(["zoe-4711", "12", "zoe-471", None, "zoe-4711"])
    assert forgotten.among(ids).to_list() == [True, True, False, False, True]
    assert forgotten.among(pl.Series([], dtype=pl.String)).to_list() == []


@pytest.mark.parametrize(
    ("row", "is_about"),
    [
        ('{"client": "zoe-4711", "what": "milk"}', True),
        ('{"a": " zoe-4711 "}', True),
        ('{"a": "=\\"zoe-4711\\""}', True),
        ('{"a": "by zoe-4711, late"}', True),
        ('{"a": "zoe-47112"}', False),
        ('{"customer_id": "12"}', True),
        ('{"quantity": "12"}', False),
        ("12;milk;odd", True),
        ('"12,milk', True),
        ("13;milk;odd", False),
        ('{"line": "12;milk;odd"}', True),
        ('{"line": "12", "customer_id": "7"}', False),
        ('{"customer_id": null}', False),
        ('{"acct": "12"}', True),
        ('{"acct": "7", "qty": "12"}', False),
    ],
)
def test_quarantined_rows_are_known(forgotten: ForgottenCustomers, row: str, is_about: bool) -> None:
    parameters = {"mapping": {"columns": {"customer_id": "acct"}}}
    assert forgotten.in_rows(pl.Series([row]), parameters).to_list() == [is_about]


def test_rows_that_are_gone_count_by_import(tmp_path: Path) -> None:
    name = bury(tmp_path, "zoe-4711", rows={"import-a": 3, "import-b": 2}).hash
    forgotten = ForgottenCustomers(DiskFolder(tmp_path))
    assert forgotten.rows_gone(["import-a", "import-c"]) == {name: {"import-a": 3}}
    assert forgotten.rows_gone(["import-c"]) == {}


def test_another_workspace_has_other_hashes(tmp_path: Path) -> None:
    assert bury(tmp_path / "a", "zoe-4711").hash != bury(tmp_path / "b", "zoe-4711").hash
    assert bury(tmp_path / "a", "zoe-4711").hash == bury(tmp_path / "a", "zoe-4711").hash


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"key": "zz"}', f'{{"key": "{"00" * 32}", "customers": 1}}'])
def test_a_damaged_file_brings_nobody_back(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CorruptCheckpoint, match="forgotten customers"):
        ForgottenCustomers(DiskFolder(tmp_path)).among(pl.Series(["zoe-4711"]))
