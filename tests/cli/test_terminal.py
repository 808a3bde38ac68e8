"""Nothing that came from a file, a store, a model or the command line makes a terminal do anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from omnix_cli.cli import make_app
from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.hostile_service import hostile_service
from tests.cli.hostile import HOSTILE, LINES, HostileModel, Terminal, calls, check, make_folder


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, (*path, name))
    if not getattr(command, "commands", None):
        yield " ".join(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files, a workspace after a run, lists that were published, an export, and rows in quarantine."""
    folder = tmp_path_factory.mktemp("hostile")
    make_folder(HOSTILE, folder)
    return folder


@pytest.fixture
def call(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws_environment: None) -> Terminal:
    """A terminal in a copy of that folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Terminal(monkeypatch)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockDouble]:
    with HostileModel(HOSTILE) as double:
        monkeypatch.setenv("OMNIX_BEDROCK__ENDPOINT_URL", double.url)
        monkeypatch.setenv("OMNIX_BEDROCK__PSEUDONYM_SECRET", "a secret of sixteen signs and more")
        monkeypatch.setenv("OMNIX_PRIVACY__CONSENT_AI_ANALYSIS", "true")
        yield double


def test_every_command_is_tried() -> None:
    commands = set(leaves(typer.main.get_command(make_app())))
    assert commands == set(calls(HOSTILE))


@pytest.mark.parametrize("name", calls(HOSTILE))
def test_a_command_shows_nothing_that_a_terminal_obeys(name: str, call: Terminal, model: BedrockDouble) -> None:
    for number, arguments in enumerate(calls(HOSTILE)[name]):
        check(call(*name.split(), *arguments, *(["--log-format", "json", "--verbose"] if number % 2 else [])))


READING = ("show customer c01", "show due", "show recommendations c01", "show similar p0", "quarantine show --rows")


@pytest.mark.parametrize("kind", ["csv", "json", "csv --csv-safe"])
@pytest.mark.parametrize("command", [*READING, "config show --config odd.toml", "runs list"])
def test_neither_do_csv_and_json(command: str, kind: str, call: Terminal) -> None:
    shown = call(*command.split(), "--format", *kind.split())
    assert shown.code == 0
    check(shown, cells=True)
    if kind == "json":
        assert json.loads(shown.out)


def test_a_file_has_the_texts_as_they_are(call: Terminal) -> None:
    for kind in ("csv", "json"):
        assert call("show", "due", "--days", "60", "--format", kind, "--output", f"due.{kind}").code == 0
    assert HOSTILE in Path("due.csv").read_bytes().decode()
    shown = json.loads(call("show", "due", "--days", "60", "--format", "json").out)
    assert shown == json.loads(Path("due.json").read_text())
    assert LINES in shown[0]["product_name"]


def test_answers_of_a_model(call: Terminal, model: BedrockDouble) -> None:
    check(call("predict", "--predictor", "bedrock"))
    for command in ("show due", "show customer c01 --analysis", "predict usage", "runs show"):
        check(call(*command.split()))
    model.inject(Fault(("unknown_product", "not_json")))
    check(call("predict", "--predictor", "bedrock", "--model", "amazon.nova-pro-v1:0"))


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "NoSuchBucket", "Surprise"])
def test_errors_of_a_service(code: str, call: Terminal, model: BedrockDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    message = LINES.translate({number: None for number in range(32) if number != 10})  # XML has none of these
    with hostile_service(code, message) as url:
        for section in ("STORE", "S3", "BEDROCK"):
            monkeypatch.setenv(f"OMNIX_{section}__ENDPOINT_URL", url)
        monkeypatch.setenv("OMNIX_STORE__KIND", "dynamodb")
        for command in (
            "tables status",
            "publish --force",
            "import purchases s3://bucket/a.csv",
            "import purchases --from dynamodb",
            "predict --predictor bedrock",
            "config check",
            "runs list --workspace s3://bucket/workspace",
        ):
            check(call(*command.split()))


def test_options_and_settings_that_are_none(call: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in ([HOSTILE], ["show", HOSTILE], ["run", f"--{HOSTILE}"], ["runs", "list", "--limit", LINES]):
        check(call(*arguments))
    monkeypatch.setenv(f"OMNIX_{HOSTILE}", LINES)
    check(call("run"))
    monkeypatch.delenv(f"OMNIX_{HOSTILE}")
    monkeypatch.setenv("OMNIX_AS_OF", LINES)
    check(call("run"))


def test_the_names_in_a_progress_bar(call: Terminal) -> None:
    from omnix_cli.cli.progress_bars import ProgressBar

    bar = ProgressBar()
    bar.begin(f"[/red]{LINES}", 3)
    bar.advance(3)
    bar.end()
    assert call.with_bar("tables", "verify", "recommendations", "--from", HOSTILE).code in (0, 5)


BROKEN = "caf\udce9.csv"
"""A name in Latin-1, as Python has it."""


def test_names_and_values_that_are_no_utf8_are_refused(call: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("below").mkdir()
    (Path("below") / BROKEN).write_text("")
    for arguments in (
        ("import", "purchases", f"below/{BROKEN}"),
        ("import", "purchases", "below/caf*.csv"),
        ("import", "purchases", "below"),
        ("show", "customer", BROKEN),
        ("tables", "export", "recommendations", "--to", BROKEN),
        ("runs", "list", "--workspace", BROKEN),
        (BROKEN,),
    ):
        shown = call(*arguments)
        assert (shown.code, "is not UTF-8" in shown.err) == (2, True), shown.err
        check(shown)
    monkeypatch.setenv("OMNIX_WORKSPACE", BROKEN)
    assert call("runs", "list").code == 2
