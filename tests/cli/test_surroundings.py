"""Folders with brackets, users without a home, full disks and missing permissions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnix_cli.kernels import compiled
from tests.cli.conftest import Omnix, write_shop

NOBODY = 54321
"""A user that the system does not know."""


def test_a_path_is_never_a_pattern(omnix: Omnix, tmp_path: Path) -> None:
    write_shop(tmp_path)
    workspace = ("--workspace", f"{tmp_path}/shops [2024]/{{a}}*?/.omnix")
    for command in (
        ("import", "products", "products.csv"),
        ("import", "purchases", "purchases.csv"),
        ("run",),
        ("show", "due"),
        ("show", "customer", "c01"),
        ("import", "purchases", "purchases.csv", "--set", "store_location=Rome"),
        ("run", "--max-memory", "600MB"),
        ("tables", "export", "recommendations", "--to", f"{tmp_path}/back[up]"),
        ("tables", "verify", "--from", f"{tmp_path}/back[up]/"),
        ("quarantine", "show"),
        ("runs", "prune", "--keep", "1"),
    ):
        answer = omnix(*command, *workspace)
        assert answer.code == 0, answer.err


@pytest.mark.parametrize("command", [("show", "due"), ("config", "show"), ("--help",)], ids=" ".join)
def test_a_full_disk_behind_stdout_is_worth_another_try(ran: Omnix, tmp_path: Path, command: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  (a device)
        ended = subprocess.run(
            [sys.executable, "-m", "omnix_cli", *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 4, ended.stderr
    assert "No space left on device" in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_user_without_a_name_or_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: NOBODY)
    assert compiled.cache_folder() is None


@contextmanager
def somebody() -> Iterator[None]:
    """As somebody for whom the permissions of files count."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (".omnix/imports.json", ("show", "customer", "c01", "--profile")),
        (".omnix/workspace.json", ("show", "due")),
        (".omnix/runs", ("show", "due")),
        (".omnix/runs", ("runs", "list")),
        (".omnix/checkpoints/_manifests", ("show", "due")),
        (".omnix/checkpoints", ("run",)),
        (".omnix/store.sqlite", ("tables", "status")),
        ("purchases.csv", ("import", "purchases", "purchases.csv")),
        ("inputs", ("import", "purchases", "inputs")),
    ],
)
def test_a_missing_permission_is_not_damage(ran: Omnix, tmp_path: Path, path: str, command: tuple[str, ...]) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "purchases.csv").write_bytes((tmp_path / "purchases.csv").read_bytes())
    for one in (tmp_path, *tmp_path.rglob("*")):
        one.chmod(0o777)
    for above in tmp_path.parents[:3]:
        above.chmod(above.stat().st_mode | 0o011)
    ran(*command)  # loads what it needs
    (tmp_path / path).chmod(0o000)
    with somebody():
        answer = ran(*command)
    (tmp_path / path).chmod(0o777)
    assert answer.code == 2, answer.err
    assert "ermission" in answer.err
    assert "damaged" not in answer.err
