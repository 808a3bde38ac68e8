"""What the documents promise is what the program does."""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from omnix_cli.cli import app, main
from omnix_cli.configuration import load_settings
from omnix_cli.errors import EXIT_CODES
from omnix_cli.reports.settings_file import as_toml
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "commands.md").read_text()
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "sample_data" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
GENERATED: dict[Path, str] = runpy.run_path(str(ROOT / "docs" / "generate.py"))["documents"]()


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    is_group = hasattr(command, "commands")
    for name, child in command.commands.items() if is_group else ():
        if not child.hidden:
            yield from commands(child, (*words, name))
    if not is_group or (words and command.invoke_without_command):
        yield words, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def parsed(text: str) -> tuple[Any, list[str]]:
    """The command of an example and the words after it."""
    words = shlex.split(text, comments=True)
    words = words[words.index("omnix") + 1 :]
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    return command, words


def examples() -> list[tuple[str, str]]:
    """Every line of a console block that calls omnix, with the document it is in."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(document.name, line) for line in lines if re.match(r"([A-Z_]+=\S+ )*omnix ", line)]
    return found


@pytest.mark.parametrize("document", GENERATED, ids=lambda document: document.name)
def test_the_generated_parts_are_up_to_date(document: Path) -> None:
    is_same = document.read_text() == GENERATED[document]
    assert is_same, f"{document.relative_to(ROOT)} differs from the code: renew it with `python docs/generate.py`"


def test_the_generated_parts_are_where_a_reader_looks_for_them() -> None:
    assert "<!-- generated: exit codes -->" in README
    assert "<!-- generated: frames -->" in (ROOT / "docs" / "workspace-and-frames.md").read_text()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_an_example_and_is_in_the_reference(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert command.help
    assert command.epilog.startswith(f"Example: omnix {' '.join(words)}")
    assert f"\n## omnix {' '.join(words)}\n" in REFERENCE


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_of_an_example_exists(words: tuple[str, ...]) -> None:
    options = {name for one in COMMANDS[words].params for name in (*one.opts, *one.secondary_opts)}
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


@pytest.mark.parametrize(("document", "example"), examples(), ids=lambda value: value)
def test_every_example_of_the_documents_exists(document: str, example: str) -> None:
    command, words = parsed(example)
    if hasattr(command, "commands"):
        assert command.invoke_without_command or words == ["--version"], "a command is missing"
        assert not words or words[0].startswith("-"), f"there is no command {words[0]!r}"
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    options = {name for one in shown for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    assert {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= options


@pytest.mark.parametrize("name", re.findall(r"`omnix ([a-z][a-z -]*[a-z])`", README))
def test_the_commands_that_the_readme_names_exist(name: str) -> None:
    known = {" ".join(words) for words in COMMANDS} | {words[0] for words in COMMANDS}
    assert name in known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    for target, anchor in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text):
        file = (document.parent / target).resolve() if target else document
        assert file.exists(), f"{target} of {document.name}"
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{target}{anchor} of {document.name}"


def test_every_document_is_linked_from_the_readme() -> None:
    for document in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{document.name}" in README


WORDS = """
purchase, basket, order line, cycle, gap, rhythm, interval, neighbour, support, lift, shrinkage, decay, shelf,
due again, new for you, overdue, lapsed, confidence, quarantine, dead letter, checkpoint, manifest, run, workspace,
lock, lease, receipt, publish, mapping, recipe, rewrite, place, segment, read unit, pseudonym, ledger, gate, fallback,
baseline, split, ground truth, bootstrap interval, reliability, floor,
chunk, part, batch, key, step, frame, stage, list, predictor, prediction, as of
"""


@pytest.mark.parametrize("word", re.split(r",\s+", WORDS.strip()))
def test_the_glossary_explains(word: str) -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert re.search(rf"\*\*{word}\b", glossary, re.IGNORECASE)


STILTED = re.compile(
    r"\b(takes? (in|over)|taken (in|over)|stands?|stood|standing|mend(s|ed)?|told|foretells?|foretold|bears?"
    r"|all the same|as yet|may be repeated|of which|is had from)\b",
    re.IGNORECASE,
)


WRITTEN_BY_HAND = [document for document in DOCUMENTS if document.name != "commands.md"]


@pytest.mark.parametrize("document", WRITTEN_BY_HAND, ids=lambda document: document.name)
def test_the_documents_are_in_plain_english(document: Path) -> None:
    written = re.sub(r"<!-- generated: .*?<!-- end -->", "", document.read_text(), flags=re.DOTALL)
    prose = re.sub(r"```.*?```|`[^`]*`", "", written, flags=re.DOTALL)
    assert [found[0] for found in STILTED.finditer(prose)] == []


def test_the_default_configuration_says_what_the_code_does() -> None:
    assert (ROOT / "configs" / "default.toml").read_text() == as_toml(Settings())


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.toml")), ids=lambda file: file.name)
def test_every_configuration_loads(file: Path) -> None:
    assert load_settings(file=file, environment={}).values


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_part_of_the_settings_is_explained(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "settings.md").read_text()


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
def test_every_make_target_is_in_the_contributing_guide(target: str) -> None:
    assert f"`make {target}`" in (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize("name", FRAMES)
def test_every_stored_frame_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "workspace-and-frames.md").read_text()
    assert f"`{name}`" in text.split("<!-- generated")[0]
    assert f"\n### {name}\n" in text


def test_the_exit_codes_are_in_the_guide_to_operation() -> None:
    text = (ROOT / "docs" / "nightly.md").read_text()
    assert [code for code in (known.code for known in EXIT_CODES) if f"| {code} |" not in text] == []


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


def test_every_path_of_the_contributing_guide_exists() -> None:
    paths = re.findall(r"`((?:[\w.-]+/)*[\w.-]*(?:/|\.py|\.toml))`", (ROOT / "CONTRIBUTING.md").read_text())
    in_package = ["/" + path.relative_to(ROOT).as_posix() for path in (ROOT / "omnix_cli").rglob("*")]
    assert len(paths) > 15
    missing = [path for path in paths if not any(there.endswith("/" + path.rstrip("/")) for there in in_package)]
    assert [path for path in missing if not (ROOT / path).exists()] == []
