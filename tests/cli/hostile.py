"""Texts that would take over a terminal, and a terminal that keeps what it is sent."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest

from omnix_cli.cli import main
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import CUSTOMERS, FIRST_DAY

SPOOF = "SPOOFED"
"""What begins a line of its own wherever a line break gets through."""
SIGNS = (
    *("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x85", "\b\b", "\x7f", "\r", "\x0e"),
    *("\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff", "\U000e0041"),
)
HOSTILE = f"a{''.join(SIGNS)}b"
"""One of every kind, in one line."""
LINES = f"{HOSTILE}\n{SPOOF}"


def obeyed(text: str) -> set[str]:
    """The characters in a text that a terminal may obey. Judged by Unicode's categories alone."""
    return {one for one in text if category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set("\n\t\u200c\u200d\xad")


@dataclass(frozen=True)
class Shown:
    """How a command ended, and what it sent to a terminal."""

    code: int
    out: str
    err: str


class _Screen(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="", write_through=True)

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        content = self.buffer.getvalue()  # type: ignore[attr-defined]
        assert isinstance(content, bytes)
        return content.decode()


class Terminal:
    """Calls omnix with a terminal as stdout and, unless `errors` says otherwise, a file as stderr: there, progress is
    lines instead of a bar, which moves the cursor on purpose."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "300")

    def __call__(self, *arguments: str, errors: io.TextIOWrapper | None = None) -> Shown:
        out, err = _Screen(), errors or io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", "")
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(arguments)
            err.flush()
        return Shown(code, out.text(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]

    def with_bar(self, *arguments: str) -> Shown:
        """The same with a terminal as stderr."""
        return self(*arguments, errors=_Screen())


def write_shop_of(text: str, folder: Path) -> None:
    """A shop that sells four products under names of every kind, and customers whose profiles have them, too."""
    two = f"{text}\n{SPOOF}"
    products = [f"p{number}" for number in range(4)]
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price,store_location"]
    for number, customer in enumerate(CUSTOMERS):
        for week in range(20):
            day = FIRST_DAY + timedelta(days=7 * week + number % 5)
            for product in products[: 2 + week % 3]:
                lines.append(
                    f'{customer},{product},{customer}-{day},{day}T10:00:00Z,1,2.50,"{two.replace(chr(34), "")}"'
                )
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n", newline="")
    items = [{"product_id": one, "name": f"{one}{two}", "category": two, "brand": two} for one in products]
    _write(folder / "products.ndjson", items)
    profile = {"favorite_categories": [two], "shopping_frequency": "weekly", "location": two}
    profiles = [{"customer_id": one, **profile} for one in CUSTOMERS]
    _write(folder / "customers.ndjson", profiles)
    _write(folder / "bad.ndjson", [{two: 1, "product_id": two, "customer_id": two, "quantity": two}])


def _write(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def spoofed_lines(text: str) -> Iterator[str]:
    """Lines that pass for lines of omnix."""
    yield from (line for line in text.split("\n") if line.startswith(SPOOF))


def make_folder(text: str, folder: Path) -> None:
    """Files, a workspace after a run, lists that were published, an export, and rows in quarantine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call = Terminal(patch)
        write_shop_of(text, folder)
        (folder / "purchases.csv").rename(folder / f"{text}.csv")
        (folder / "bad.ndjson").rename(folder / f"{text}.ndjson")
        for arguments in (
            ["import", "products", "products.ndjson"],
            ["import", "customers", "customers.ndjson"],
            ["import", "purchases", f"{text}.csv"],
            ["run"],
            ["import", "purchases", f"{text}.ndjson", "--set", "purchased_at=2018-01-02", "--max-bad", "1"],
        ):
            shown = call(*arguments)
            assert shown.code == 0 or arguments[2] == f"{text}.ndjson", shown.err
        two = f"{text}\n{SPOOF}"
        with closing(SqliteStore(folder / ".omnix" / "store.sqlite")) as store:
            store.put_many("recommendations", [{"id": two, two: two, "customerId": two}])
        assert call("tables", "export", "recommendations", "--to", text).code == 0
        (folder / "recipe.toml").write_text(f"[purchases.columns]\ncustomer_id = {json.dumps(two[:3])}\n")
        (folder / "odd.toml").write_text('[s3]\nendpoint_url = "http://u:p@h"\nprofile = "a\\u009bb"\n')
        (folder / "wrong.toml").write_text('[similarity]\n"a\\u009bb" = 1\n')


def calls(text: str) -> dict[str, list[list[str]]]:
    """Every command, with what it should do and with what it should refuse, in a folder made by `make_folder`."""
    table, bad, two = f"{text}.csv", f"{text}.ndjson", f"{text}\n{SPOOF}"
    return {
        "init": [["--config", f"{text}.toml"]],
        "run": [[], ["--dry-run"], ["--as-of", text], ["--config", text]],
        "explain": [[], ["c01"], [text], ["c01", text]],
        "similarity": [["--max-memory", text]],
        "recommend": [["--workspace", text]],
        "publish": [["--dry-run", "--force"], ["--rollback", text]],
        "import purchases": [
            [table],
            [bad],
            [bad, "--map", f"purchased_at={text}"],
            [bad, "--set", "purchased_at=2018-01-02", "--max-bad", "1"],
            [bad, "--set", "purchased_at=2018-01-02", "--max-bad", "0"],
            [table, "--timezone", text, "--encoding", text],
            ["--from", f"{text}={text}"],
            ["--mapping", text, table],
        ],
        "import products": [["products.ndjson", "--dry-run"], ["--columns"]],
        "import customers": [["customers.ndjson"], [text]],
        "import interactions": [[bad, "--set", f"timestamp={text}"]],
        "import orders": [[bad]],
        "mapping list": [[]],
        "mapping init": [[bad], [table]],
        "mapping check": [["recipe.toml", table], [text, table]],
        "predict compare": [["statistical", text], ["statistical", "bedrock"]],
        "predict show-prompt": [["c01"], [text], ["c01", "--prompt", text]],
        "predict estimate": [["--model", text], []],
        "predict status": [[]],
        "predict collect": [[]],
        "predict retry-failed": [[]],
        "predict dead-letters": [[]],
        "predict usage": [[]],
        "predict prompts list": [[]],
        "predict prompts diff": [["replenishment", text], ["replenishment", "replenishment"]],
        "predict prompts test": [["--model", "amazon.nova-pro-v1:0"], [text]],
        "show recommendations": [["c01"], ["c01", "--run", text], [text]],
        "show similar": [["p0"], [text]],
        "show due": [["--days", "60"], ["--customer", text]],
        "show trending": [[]],
        "show seasonal": [["--season", "winter"], ["--season", text]],
        "show customer": [["c01"], ["c01", "--profile"], ["c01", "--analysis"], [text]],
        "show quarantine": [[]],
        "quarantine show": [[], ["--rows"], ["--reason", text]],
        "quarantine replay": [["--fixed", f"{text}={text}"], ["--fixed", text], ["--dry-run"]],
        "quarantine discard": [["--file", text], ["--dry-run"]],
        "runs list": [[]],
        "runs show": [["latest"], [text]],
        "runs diff": [["latest", text], ["latest", "latest"]],
        "runs prune": [["--dry-run"]],
        "tables create": [["--prefix", text], []],
        "tables status": [["--stage", text], []],
        "tables drop": [["--dry-run"], [text]],
        "tables export": [["recommendations", "--to", f"{text}2"], [text, "--to", "a"]],
        "tables load": [[text, "--create", "--to", "stage=two"], [two]],
        "tables copy": [
            ["recommendations", "--create", "--to", "stage=two"],
            ["recommendations", "--to", f"stage={two}"],
        ],
        "tables undo": [[text], ["latest"]],
        "tables verify": [["--from", text, "--to", "stage=dev"], ["products", "--from", text]],
        "tables backfill": [["--dry-run", "--create"]],
        "tables bulk": [["recommendations", "--to-files", text], [text, "--to-files", two]],
        "config show": [[], ["--config", "odd.toml"]],
        "config check": [[], ["--config", "wrong.toml"]],
        "check data": [[]],
        "check reasons": [[], ["--run", text]],
        "evaluate next-basket": [
            ["--customers", "5"],
            ["--test-customers", text],
            ["--history", table, "--truth", text],
        ],
        "evaluate next-purchase": [[], ["--compare", text]],
        "evaluate similarity": [[]],
        "evaluate lists": [[]],
        "evaluate live": [[]],
        "evaluate show": [[], [text]],
        "customers register": [[text], ["c01", "--gender", text], ["c02", "--data", bad], ["c03", "--data", text]],
        "customers profile": [["c01"], [text]],
        "customers preferences": [["c01", "--diet", two], ["c01", "--max-budget", text], [text, "--brand", "a"]],
        "customers consent": [["c01", "--no-ai-analysis"], [text]],
        "customers purchases": [["c01"], [text], ["c01", "--cursor", text]],
        "customers interactions": [["c01"], [text]],
        "customers interact": [
            ["c01", "p0", "--type", text],
            ["c01", text, "--type", "view"],
            [text, "p0", "--type", "view"],
        ],
        "customers predictions": [["c01"], [text]],
        "customers segments": [[], ["c01"], [text]],
        "customers alerts": [["c01"], [text]],
        "customers prediction": [["c01", "p0"], [text, text]],
        "customers export": [["c01"], [text], ["c01", "--format", "json"]],
        "customers forget": [["c02", "--dry-run"], [text], ["c03", "--purge"], [two, "--purge"]],
        "privacy report": [[], ["--workspace", text], ["--format", "json"]],
        "purchases add": [
            ["c01", "p0", "--unit-price", text],
            [text, text, "--unit-price", "1"],
            ["c01", "--data", bad],
        ],
        "purchases orders": [["--data", bad], ["--data", text]],
        "recommendations customer": [["c01"], [text], ["c01", "--context", text]],
        "recommendations similar": [["p0"], [text]],
        "recommendations trending": [[]],
        "recommendations seasonal": [["--season", text]],
        "recommendations feedback": [["c01", "--status", text], [text, "--status", "clicked"]],
        "serve": [["--host", text]],
    }


class HostileModel(BedrockDouble):
    """A model whose texts are hostile, but for those that the answer's schema fixes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _inference(self, operation: str, parameters: dict[str, Any], fault: str | None) -> dict[str, Any] | bytes:
        answer = super()._inference(operation, parameters, fault)
        assert isinstance(answer, dict)
        for block in answer["output"]["message"]["content"]:
            if "toolUse" in block:
                block["toolUse"]["input"] = self._spoiled(block["toolUse"]["input"])
            else:
                block["text"] = json.dumps(self._spoiled(json.loads(block["text"])))
        return answer

    def _spoiled(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._spoiled(one, key) for key, one in value.items()} | {self._text: f"{self._text}\n{SPOOF}"}
        if isinstance(value, list):
            return [self._spoiled(one, name) for one in value]
        return f"{value}{self._text}\n{SPOOF}" if name in ("reasoning", "preferredCategories") else value


def check(shown: Shown, *, cells: bool = False) -> None:
    assert shown.code not in (1, 120), shown.err
    assert not obeyed(shown.out) and not obeyed(shown.err)
    assert not list(spoofed_lines(shown.err if cells else shown.out + shown.err))
