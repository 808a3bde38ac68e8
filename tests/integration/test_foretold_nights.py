"""`run --dry-run` and `explain` say beforehand what the night then does: the same steps, keys and reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.records import StepRecord
from tests.cli.conftest import CUSTOMERS, write_shop

NOW = datetime(2018, 1, 10, tzinfo=UTC)
SOURCES = """
[[imports.sources]]
kind = "products"
files = ["products.csv"]

[[imports.sources]]
kind = "purchases"
files = ["purchases*.csv"]
"""
HEAD = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"


class Clock:
    """Each look at it is a second later than any before: each run has an id of its own."""

    seconds = 0

    def __call__(self) -> datetime:
        Clock.seconds += 1
        return NOW + timedelta(seconds=Clock.seconds)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_shop(tmp_path)
    (tmp_path / "omnix.toml").write_text(SOURCES)
    return tmp_path


def opened(shop: Path, **settings: Any) -> Workspace:
    dotted = {name.replace("__", "."): value for name, value in settings.items()}
    return open_workspace(shop / ".omnix", config=shop / "omnix.toml", settings=dotted, now=Clock())


def new_file(shop: Path) -> None:
    lines = (f"{customer},milk,{customer}-new,2017-12-28T10:00:00Z,2,2.20" for customer in CUSTOMERS[:5])
    (shop / "purchases-2.csv").write_text(HEAD + "\n".join(lines) + "\n")


def corrected_file(shop: Path) -> None:
    file = shop / "purchases.csv"
    file.write_text(file.read_text().replace("T10:00:00Z,1,2.50", "T10:00:00Z,3,2.50", 7))


def other_products(shop: Path) -> None:
    file = shop / "products.csv"
    file.write_text(file.read_text().replace("Plum jam", "Pear jam"))


def nothing(shop: Path) -> None:
    pass


def facts(steps: tuple[StepRecord, ...]) -> list[tuple[str, ...]]:
    """What is foretold of each step. Which lists a publish writes is known only when they are made."""
    return [
        (step.name, "ran" if step.status == "pending" else step.status, step.key, step.reason)
        for step in steps
        if step.name != "publish"
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"}


@pytest.mark.parametrize(
    ("change", "arguments", "settings"),
    [
        (new_file, {}, {}),
        (corrected_file, {}, {}),
        (nothing, {}, {}),
        (nothing, {"as_of": "2017-12-30"}, {}),
        (nothing, {}, {"similarity__neighbours": 3}),
        (other_products, {}, {}),
    ],
    ids=["new file", "corrected file", "nothing new", "new day", "changed setting", "only products"],
)
def test_what_is_foretold_happens(
    shop: Path, change: Callable[[Path], None], arguments: dict[str, Any], settings: dict[str, Any]
) -> None:
    opened(shop).run()
    change(shop)
    workspace, before = opened(shop, **settings), files(shop / ".omnix")
    explained = workspace.explain(**arguments)
    foretold = workspace.run(dry_run=True, **arguments)
    assert {name: text for name, text in files(shop / ".omnix").items() if not name.endswith("lock")} == {
        name: text for name, text in before.items() if not name.endswith("lock")
    }
    done = workspace.run(**arguments)
    assert facts(foretold.steps) == facts(done.steps)
    assert facts(explained.steps) == facts(done.steps)
    computed = [step.name for step in done.steps if step.status == "ran"]
    publish = {report.command: report.steps[-1].status for report in (explained, foretold)}
    if change is nothing and not arguments and not settings:
        assert (computed, set(publish.values())) == ([], {"reused"})
    else:
        assert computed and set(publish.values()) == {"pending"}


def test_a_first_night_is_foretold(shop: Path) -> None:
    foretold = opened(shop).run(dry_run=True)
    assert not (shop / ".omnix").exists()
    done = opened(shop).run()
    assert facts(foretold.steps) == facts(done.steps)
    assert [(step.rows_in, step.rows_out) for step in foretold.steps[:2]] == [(5, 5), (600, 600)]


def test_a_step_to_come_says_what_it_is_expected_to_take(shop: Path) -> None:
    opened(shop).run()
    new_file(shop)
    foretold = {step.name: step for step in opened(shop).run(dry_run=True).steps}
    assert foretold["import purchases"].figures["known"] == 600
    assert (foretold["import purchases"].status, foretold["import purchases"].rows_out) == ("pending", 5)
    assert foretold["cycles"].rows_in == 605
    assert foretold["recommend"].rows_out > 0
    assert foretold["recommend"].peak_memory_bytes > 0
    assert "the last publish wrote" in foretold["publish"].reason


def test_two_sources_of_one_kind_are_foretold_together(shop: Path) -> None:
    (shop / "omnix.toml").write_text(
        SOURCES.replace("purchases*.csv", "purchases.csv")
        + '\n[[imports.sources]]\nkind = "purchases"\nfiles = ["purchases-2.csv"]\n'
    )
    new_file(shop)
    foretold = opened(shop).imports.sources(dry_run=True)
    steps = opened(shop).run(dry_run=True).steps
    assert facts(foretold) == facts(steps[:3])
    assert facts(steps) == facts(opened(shop).run().steps)


def test_lists_of_a_past_day_are_not_published(shop: Path) -> None:
    opened(shop).run()
    foretold, done = (opened(shop).run(as_of="2017-12-10", dry_run=dry_run).steps for dry_run in (True, False))
    assert facts(foretold) == facts(done)
    assert [(step.name, step.status, step.reason) for step in foretold][-1:] == [
        (step.name, step.status, step.reason) for step in done
    ][-1:]
    assert (foretold[-1].name, foretold[-1].status) == ("publish", "skipped")
