"""What the documents promise is what the program does."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from omnix_cli.cli import app, main
from omnix_cli.configuration import load_settings
from omnix_cli.reports.settings_file import as_toml
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    is_group = hasattr(command, "commands")
    for name, child in command.commands.items() if is_group else ():
        yield from commands(child, (*words, name))
    if not is_group or (words and command.invoke_without_command):
        yield words, command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_an_example_and_stands_in_the_readme(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert command.help
    assert command.epilog.startswith(f"Example: omnix {' '.join(words)}")
    assert f"omnix {' '.join(words)}" in README


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_of_an_example_exists(words: tuple[str, ...]) -> None:
    options = {name for parameter in COMMANDS[words].params for name in parameter.opts}
    assert set(re.findall(r"(?<= )--[a-z-]+", COMMANDS[words].epilog)) <= options


def test_the_same_flag_has_the_same_help_everywhere() -> None:
    helps: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            for name in ("--config", "--workspace", "--as-of", "--force", "--dry-run", "--format", "--output"):
                if name in parameter.opts:
                    helps.setdefault(name, set()).add(str(parameter.help))
    assert len(helps) == 7
    assert {name: len(texts) for name, texts in helps.items()} == dict.fromkeys(helps, 1)


def test_the_commands_of_the_readme_exist() -> None:
    written = re.findall(r"^(?:\$ )?omnix ([a-z][a-z ]*[a-z])", README, re.MULTILINE)
    known = {" ".join(words) for words in COMMANDS}
    unknown = [text for text in written if not any(text == name or text.startswith(f"{name} ") for name in known)]
    assert written
    assert unknown == []


def test_the_default_configuration_says_what_the_code_does() -> None:
    assert (ROOT / "configs" / "default.toml").read_text() == as_toml(Settings())


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.toml")), ids=lambda file: file.name)
def test_every_configuration_loads(file: Path) -> None:
    assert load_settings(file=file, environment={}).values


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
def test_every_make_target_stands_in_the_contributing_guide(target: str) -> None:
    assert f"make {target}" in (ROOT / "CONTRIBUTING.md").read_text() + README


@pytest.mark.parametrize("name", FRAMES)
def test_every_stored_frame_is_documented(name: str) -> None:
    assert f"`{name}`" in README


def test_the_version_is_the_one_of_the_changelog(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    version = capfd.readouterr().out.split()[1]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_locks_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = (ROOT / "requirements" / "core.txt").read_text()
    for requirement in project["dependencies"]:
        assert re.search(rf"^{re.split('[><=]', requirement)[0]}==", pinned, re.MULTILINE)
