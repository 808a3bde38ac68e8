"""Findings are computed once for the same rows, and an exclusion that reaches nothing stops a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.schemas import FRAMES
from omnix_cli.services.advice import Advisor
from omnix_cli.settings import RecommendSettings
from omnix_cli.stores.inputs.rule_files import product_rules
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.records import FINDINGS, FindingsFile
from tests.conftest import MemoryFrame, purchases


def advisor(folder: Path, *lines: tuple[str, str, str], excluded: tuple[str, ...] = ()) -> Advisor:
    frames = {name: FRAMES[name].empty() for name in ("products", "customers", "interactions")}
    sources = {name: MemoryFrame(name, rows) for name, rows in (frames | {"purchases": purchases(*lines)}).items()}
    settings = RecommendSettings(excluded_categories=excluded)
    return Advisor(sources, settings, product_rules(), FindingsFile(DiskFolder(folder)))


LINES = (("ann", "milk", "2024-01-01"), ("ann", "POSTAGE", "2024-01-02"), ("bob", "tea", "2024-01-03"))


def test_findings_are_kept_until_the_rows_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = advisor(tmp_path, *LINES)
    (found,) = first.check()
    assert (found.code, found.rows) == ("no_products", 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    kept = FindingsFile(DiskFolder(tmp_path))
    assert kept.load(first.key) == (found,)
    assert kept.load(advisor(tmp_path, *LINES[:2]).key) is None
    kept.save(first.key, ())
    assert first.findings() == ()
    assert advisor(tmp_path, *LINES, excluded=("Tobacco",)).findings() != ()


def test_a_damaged_file_of_findings_is_made_again(tmp_path: Path) -> None:
    one = advisor(tmp_path, *LINES)
    (tmp_path / FINDINGS).write_text("{")
    assert len(one.findings()) == 1
    assert one.kept is not None
    assert one.kept.load(one.key) == one.findings()


def test_an_exclusion_that_reaches_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the categories Tobacco are excluded, but there is no catalogue"):
        advisor(tmp_path, *LINES, excluded=("Tobacco",)).check()
    assert advisor(tmp_path, excluded=("Tobacco",)).check() == ()
