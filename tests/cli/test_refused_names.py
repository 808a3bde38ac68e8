"""Names that nothing has are refused with code 2, and nothing is made for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Omnix


@pytest.mark.parametrize(
    "command",
    [("runs", "list"), ("show", "due"), ("explain",), ("check", "data"), ("quarantine", "show")],
    ids=" ".join,
)
def test_a_workspace_that_does_not_exist_is_not_an_empty_one(ran: Omnix, tmp_path: Path, command: list[str]) -> None:
    answer = ran(*command, "--workspace", "nope")
    assert answer.code == 2, answer.err
    assert "there is no workspace nope" in answer.err
    assert not (tmp_path / "nope").exists()


def test_a_configuration_is_not_written_into_a_folder_that_does_not_exist(omnix: Omnix, tmp_path: Path) -> None:
    answer = omnix("init", "--config", f"{tmp_path}/nope/deeper/a.toml")
    assert answer.code == 2
    assert "there is no folder" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["show", "replay", "discard"])
def test_a_file_that_was_not_imported_has_no_quarantine(shop: Omnix, command: str) -> None:
    answer = shop("quarantine", command, "purchases", "--file", "unknown.csv")
    assert answer.code == 2, answer.err
    assert "no purchases were imported from `unknown.csv`" in answer.err


@pytest.mark.parametrize("value", ["purchas", "retour", "refund"])
def test_a_replacement_that_is_none_of_the_words_is_a_fault_of_the_mapping(
    shop: Omnix, tmp_path: Path, value: str
) -> None:
    (tmp_path / "m.toml").write_text(f'[purchases]\nvalues = {{ kind = {{ x = "{value}" }} }}\n')
    answer = shop("import", "purchases", "purchases.csv", "--mapping", "m.toml")
    assert answer.code == 2, answer.err
    assert "none of purchase, return, cancelled" in answer.err


def test_replacements_may_be_spelled_as_values_are(shop: Omnix, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[purchases]\nvalues = { kind = { x = "Return", y = " PURCHASE", z = "NULL" } }\n')
    assert shop("import", "purchases", "purchases.csv", "--mapping", "m.toml").code == 0


def test_an_empty_table_is_not_an_empty_file(omnix: Omnix) -> None:
    assert omnix("tables", "create").code == 0
    answer = omnix("import", "products", "--from", "sqlite")
    assert answer.code == 3
    assert "the table is empty" in answer.err
    assert "header" not in answer.err
