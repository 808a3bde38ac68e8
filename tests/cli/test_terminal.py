"""Nothing that came from a file, a store, a model or the command line makes a terminal do anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer

from omnix_cli.cli import make_app
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.hostile_service import hostile_service
from tests.cli.hostile import HOSTILE, LINES, Shown, Terminal, obeyed, spoofed_lines, write_hostile_shop

FILE = f"{HOSTILE}.csv"
BAD = f"{HOSTILE}.ndjson"
EXPORT = ("tables", "export", "recommendations", "--to", HOSTILE)

CALLS: dict[str, list[list[str]]] = {
    "init": [["--config", f"{HOSTILE}.toml"]],
    "run": [[], ["--dry-run"], ["--as-of", HOSTILE], ["--config", HOSTILE]],
    "explain": [[]],
    "similarity": [["--max-memory", HOSTILE]],
    "recommend": [["--workspace", HOSTILE]],
    "publish": [["--dry-run", "--force"], ["--rollback", HOSTILE]],
    "import purchases": [
        [FILE],
        [BAD],
        [BAD, "--map", f"purchased_at={HOSTILE}"],
        [BAD, "--set", "purchased_at=2018-01-02", "--max-bad", "1"],
        [BAD, "--set", "purchased_at=2018-01-02", "--max-bad", "0"],
        [FILE, "--timezone", HOSTILE, "--encoding", HOSTILE],
        ["--from", f"{HOSTILE}={HOSTILE}"],
        ["--mapping", HOSTILE, FILE],
    ],
    "import products": [["products.ndjson", "--dry-run"], ["--columns"]],
    "import customers": [["customers.ndjson"], [HOSTILE]],
    "import interactions": [[BAD, "--set", f"timestamp={HOSTILE}"]],
    "import orders": [[BAD]],
    "mapping list": [[]],
    "mapping init": [[BAD], [FILE]],
    "mapping check": [["recipe.toml", FILE], [HOSTILE, FILE]],
    "predict compare": [["statistical", HOSTILE], ["statistical", "bedrock"]],
    "predict show-prompt": [["c01"], [HOSTILE], ["c01", "--prompt", HOSTILE]],
    "predict estimate": [["--model", HOSTILE], []],
    "predict status": [[]],
    "predict collect": [[]],
    "predict retry-failed": [[]],
    "predict usage": [[]],
    "predict prompts list": [[]],
    "predict prompts diff": [["replenishment", HOSTILE], ["replenishment", "replenishment"]],
    "predict prompts test": [["--model", "amazon.nova-pro-v1:0"], [HOSTILE]],
    "show recommendations": [["c01"], ["c01", "--run", HOSTILE], [HOSTILE]],
    "show similar": [["p0"], [HOSTILE]],
    "show due": [["--days", "60"], ["--customer", HOSTILE]],
    "show trending": [[]],
    "show seasonal": [["--season", "winter"], ["--season", HOSTILE]],
    "show customer": [["c01"], ["c01", "--profile"], ["c01", "--analysis"], [HOSTILE]],
    "show quarantine": [[]],
    "quarantine show": [[], ["--rows"], ["--reason", HOSTILE]],
    "quarantine replay": [["--fixed", f"{HOSTILE}={HOSTILE}"], ["--fixed", HOSTILE], ["--dry-run"]],
    "quarantine discard": [["--file", HOSTILE], ["--dry-run"]],
    "runs list": [[]],
    "runs show": [["latest"], [HOSTILE]],
    "runs diff": [["latest", HOSTILE], ["latest", "latest"]],
    "runs prune": [["--dry-run"]],
    "tables create": [["--prefix", HOSTILE], []],
    "tables status": [["--stage", HOSTILE], []],
    "tables drop": [["--dry-run"], [HOSTILE]],
    "tables export": [["recommendations", "--to", f"{HOSTILE}2"], [HOSTILE, "--to", "a"]],
    "tables load": [[HOSTILE, "--create", "--to", "stage=two"], [LINES]],
    "tables copy": [
        ["recommendations", "--create", "--to", "stage=two"],
        ["recommendations", "--to", f"stage={LINES}"],
    ],
    "tables undo": [[HOSTILE], ["latest"]],
    "tables verify": [["--from", HOSTILE, "--to", "stage=dev"], ["products", "--from", HOSTILE]],
    "tables backfill": [["--dry-run", "--create"]],
    "tables bulk": [["recommendations", "--to-files", HOSTILE], [HOSTILE, "--to-files", LINES]],
    "config show": [[], ["--config", "odd.toml"]],
    "config check": [[], ["--config", "wrong.toml"]],
    "check data": [[]],
}
"""Every command, with what it should do and with what it should refuse."""


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, below in getattr(command, "commands", {}).items():
        yield from leaves(below, (*path, name))
    if not getattr(command, "commands", None):
        yield " ".join(path)


class HostileModel(BedrockDouble):
    """A model whose texts are hostile, but for those that the answer's schema fixes."""

    def _inference(self, operation: str, parameters: dict[str, Any], fault: str | None) -> dict[str, Any] | bytes:
        answer = super()._inference(operation, parameters, fault)
        assert isinstance(answer, dict)
        for block in answer["output"]["message"]["content"]:
            if "toolUse" in block:
                block["toolUse"]["input"] = _spoiled(block["toolUse"]["input"])
            else:
                block["text"] = json.dumps(_spoiled(json.loads(block["text"])))
        return answer


def _spoiled(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _spoiled(one, key) for key, one in value.items()} | {HOSTILE: LINES}
    if isinstance(value, list):
        return [_spoiled(one, name) for one in value]
    return f"{value}{LINES}" if name in ("reasoning", "preferredCategories") else value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files, a workspace after a run, lists that were published, an export, and rows in quarantine."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call = Terminal(patch)
        write_hostile_shop(folder)
        (folder / "bad.ndjson").rename(folder / BAD)
        for kind, file in (("products", "products.ndjson"), ("customers", "customers.ndjson"), ("purchases", FILE)):
            if file == FILE:
                (folder / "purchases.csv").rename(folder / FILE)
            assert call("import", kind, file).code == 0
        assert call("run").code == 0
        quarantined = call("import", "purchases", BAD, "--set", "purchased_at=2018-01-02", "--max-bad", "1")
        assert quarantined.code == 0, quarantined.err
        with closing(SqliteStore(folder / ".omnix" / "store.sqlite")) as store:
            store.put_many("recommendations", [{"id": LINES, LINES: LINES, "customerId": LINES}])
        assert call(*EXPORT).code == 0
        (folder / "recipe.toml").write_text(f"[purchases.columns]\ncustomer_id = {json.dumps(LINES[:3])}\n")
        (folder / "odd.toml").write_text(f'[s3]\nendpoint_url = "http://u:p@{"h"}"\nprofile = "a\\u009bb"\n')
        (folder / "wrong.toml").write_text('[similarity]\n"a\\u009bb" = 1\n')
    return folder


@pytest.fixture
def call(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws_environment: None) -> Terminal:
    """A terminal in a copy of that folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Terminal(monkeypatch)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockDouble]:
    with HostileModel() as double:
        monkeypatch.setenv("OMNIX_BEDROCK__ENDPOINT_URL", double.url)
        monkeypatch.setenv("OMNIX_BEDROCK__PSEUDONYM_SECRET", "a secret of sixteen signs and more")
        monkeypatch.setenv("OMNIX_PRIVACY__CONSENT_AI_ANALYSIS", "true")
        yield double


def check(shown: Shown, *, cells: bool = False) -> None:
    assert shown.code not in (1, 120), shown.err
    assert not obeyed(shown.out) and not obeyed(shown.err)
    assert not list(spoofed_lines(shown.err if cells else shown.out + shown.err))


def test_every_command_is_tried() -> None:
    commands = set(leaves(typer.main.get_command(make_app())))
    assert commands == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_command_shows_nothing_that_a_terminal_obeys(name: str, call: Terminal, model: BedrockDouble) -> None:
    for arguments in CALLS[name]:
        check(call(*name.split(), *arguments))
        check(call(*name.split(), *arguments, "--log-format", "json", "--verbose"))


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
