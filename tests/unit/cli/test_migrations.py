from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from omnix_cli.cli.migrations import CopyOptions, app

GROUP: Any = typer.main.get_command(app)


def test_they_belong_to_the_group_of_tables() -> None:
    assert {"create", "drop", "export", "load", "copy", "undo", "verify", "backfill", "bulk"} < set(GROUP.commands)


def test_old_spellings_are_hidden() -> None:
    hidden = {
        (name, option.opts[0]) for name, command in GROUP.commands.items() for option in command.params if option.hidden
    }
    moved = {(name, "--mapping") for name in ("load", "copy", "verify")}
    assert hidden == moved | {("copy", "--undo"), ("bulk", "--files")}


def test_rules_are_named_by_the_new_or_the_old_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert CopyOptions(rewrite=Path("new.toml")).rules() == Path("new.toml")
    assert capsys.readouterr().err == ""
    assert CopyOptions(mapping=Path("old.toml"), create=True).arguments() == {
        "rewrite": Path("old.toml"),
        "create": True,
        "dry_run": False,
    }
    assert "use `--rewrite`" in capsys.readouterr().err
    with pytest.raises(typer.BadParameter, match="use only --rewrite"):
        CopyOptions(rewrite=Path("new.toml"), mapping=Path("old.toml")).rules()
