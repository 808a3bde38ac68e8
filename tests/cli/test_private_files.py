"""What omnix keeps is for its owner alone, whatever the umask; what a user asks for follows the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import Omnix, omnix, write_shop

__all__ = ["omnix"]  # a fixture


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["everybody", "readable", "private"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def shared(*roots: str) -> list[str]:
    """The files and folders below these that others may read or write."""
    paths = [path for root in roots for path in (Path(root), *Path(root).rglob("*"))]
    return [f"{path}: {mode(path):o}" for path in paths if mode(path) & 0o077]


@pytest.fixture
def shop(umask: int, omnix: Omnix, tmp_path: Path) -> Omnix:
    """The shop after a run into a workspace that did not exist."""
    write_shop(tmp_path)
    for arguments in (
        ("import", "products", "products.csv"),
        ("import", "purchases", "purchases.csv"),
        ("run", "--verbose"),
    ):
        answer = omnix(*arguments)
        assert answer.code == 0, answer.err
    return omnix


def test_workspaces_exports_and_copies(shop: Omnix, umask: int) -> None:
    for arguments in (
        ("init", "--config", "shop.toml"),
        ("tables", "export", "recommendations", "--to", "backup/monday"),
        ("tables", "load", "backup/monday", "--to", "stage=two", "--create"),
        ("tables", "undo", "latest"),
        ("tables", "copy", "recommendations", "--to", "path=elsewhere/store.sqlite", "--create"),
        ("tables", "bulk", "recommendations", "--to-files", "bulk/files"),
        ("show", "due", "--output", "due.csv", "--format", "csv"),
        ("show", "quarantine"),
    ):
        answer = shop(*arguments)
        assert answer.code == 0, answer.err
    kept = {path.name for path in Path(".omnix").rglob("*")}
    assert {"store.sqlite", "omnix.log", "lock", "runs", "checkpoints", "migrations"} <= kept
    assert not shared(".omnix", "backup", "elsewhere", "bulk")
    assert mode(Path("shop.toml")) == mode(Path("due.csv")) == 0o666 & ~umask


def test_replies_of_a_model(shop: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BEDROCK__ENDPOINT_URL": bedrock.url,
        "BEDROCK__PSEUDONYM_SECRET": "a secret of sixteen signs and more",
        "PRIVACY__CONSENT_AI_ANALYSIS": "true",
    }.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    assert shop("predict", "--predictor", "bedrock").code == 0
    assert (Path(".omnix") / "answers.sqlite").exists()
    assert not shared(".omnix")


def test_scanned_tables_and_dead_letters(
    umask: int, omnix: Omnix, ministack: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.aws.accounts import new_stage

    for name, value in {"KIND": "dynamodb", "ENDPOINT_URL": ministack, "STAGE": new_stage()}.items():
        monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
    assert omnix("tables", "create").code == 0
    answer = omnix("import", "purchases", "--from", "dynamodb")
    assert answer.code in (0, 3), answer.err
    assert not shared(".omnix")


def test_a_workspace_that_is_shared_stays_so(umask: int, omnix: Omnix, tmp_path: Path) -> None:
    Path(".omnix").mkdir(0o777)
    Path(".omnix").chmod(0o770)
    write_shop(tmp_path)
    assert omnix("import", "products", "products.csv").code == 0
    assert mode(Path(".omnix")) == 0o770
    assert not shared(*map(str, Path(".omnix").iterdir()))
