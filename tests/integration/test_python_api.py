"""The Python API: the snippet of the README runs, and functions return what the commands show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import omnix_cli
from omnix_cli import open_workspace
from omnix_cli.errors import ConfigError, DataError, PartialError
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.cli import conftest as shops
from tests.cli.conftest import Omnix

omnix, shop, ran = shops.omnix, shops.shop, shops.ran  # the fixtures

ROOT = Path(__file__).parent.parent.parent
SNIPPET = """\
from omnix_cli import open_workspace

workspace = open_workspace(".omnix")                  # settings: config="omnix.toml", settings={...}
report = workspace.run()                              # import, compute and publish what changed
for step in report.steps:
    print(step.name, step.status, step.rows_out)

print(workspace.similar("1082185", limit=5))          # polars frames
print(workspace.due(days=7, limit=10))
print(workspace.recommendations("1142"))
predictions = workspace.frame("predictions")          # any stored frame
print(workspace.runs.list(limit=3))
"""
"""What stands here until the README has a ```python block."""


def readme_snippet() -> str:
    block = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return block[1] if block else SNIPPET


@pytest.fixture
def sample(omnix: Omnix, tmp_path: Path) -> Path:
    """A folder with a workspace in which a few households of the sample are imported."""
    lines = pl.read_csv(ROOT / "sample_data" / "purchases.csv.gz", infer_schema=False)
    chosen = lines["household_id"].unique().sort().head(20)
    lines.filter(pl.col("household_id").is_in(chosen.to_list())).write_csv(tmp_path / "purchases.csv")
    for kind, file in (("products", ROOT / "sample_data" / "products.csv.gz"), ("purchases", "purchases.csv")):
        assert omnix("import", kind, str(file), "--mapping", "complete-journey").code == 0
    return tmp_path


def test_the_snippet_of_the_readme_runs(sample: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(compile(readme_snippet(), "README.md", "exec"), namespace)
    assert {step.status for step in namespace["report"].steps} == {"ran"}
    assert namespace["predictions"].height > 100


def test_the_package_offers_what_it_promises() -> None:
    assert all(hasattr(omnix_cli, name) for name in omnix_cli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'close_workspace'"):
        _ = omnix_cli.close_workspace


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, omnix_cli; print([name for name in ('polars', 'pydantic', 'typer') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


def test_a_run_returns_what_became_of_each_step(shop: Omnix) -> None:
    workspace = open_workspace(".omnix")
    preview = workspace.run(dry_run=True)
    assert (preview.run, {step.status for step in preview.steps}) == (None, {"pending"})
    done = workspace.run()
    assert done.run is not None
    assert (done.run.status, done.steps[-1].name) == ("done", "publish")
    assert {step.status for step in workspace.run().steps} == {"reused"}
    assert [step.status for step in workspace.predict(force=True).steps] == ["reused", "reused", "ran"]
    assert {step.status for step in workspace.explain().steps} == {"reused"}
    assert workspace.runs.show().run_id == workspace.runs.list(limit=1)[0].run_id
    assert workspace.runs.prune(keep=1, dry_run=True).kept_runs == 2  # the newest, and the newest that published
    assert not workspace.runs.diff(done.run.run_id, done.run.run_id).differences


def test_single_steps_and_a_rollback(shop: Omnix) -> None:
    workspace = open_workspace(".omnix")
    assert [step.name for step in workspace.similarity().steps] == ["similarity"]
    assert workspace.recommend().steps[-1].name == "shop_lists"
    first = workspace.publish()
    assert first.run is not None
    workspace.run(as_of="2017-11-20")
    dry = workspace.roll_back(first.run.run_id, dry_run=True)
    assert (dry.run, dry.steps[0].name) == (None, "publish")
    assert workspace.roll_back("latest", force=True).steps[0].name == "publish"


def test_look_ups_are_frames_with_what_the_commands_show(ran: Omnix) -> None:
    workspace = open_workspace(".omnix")
    for frame, command in (
        (workspace.similar("milk"), ["similar", "milk"]),
        (workspace.due(days=7, customer="c01"), ["due", "--days", "7", "--customer", "c01"]),
        (
            workspace.recommendations("c01", context="replenishment"),
            ["recommendations", "c01", "--context", "replenishment"],
        ),
        (workspace.trending(), ["trending"]),
        (workspace.seasonal("winter"), ["seasonal", "--season", "winter"]),
        (workspace.customer("c01"), ["customer", "c01"]),
        (workspace.profile("c01"), ["customer", "c01", "--profile"]),
    ):
        assert json.loads(frame.write_json()) == json.loads(ran("show", *command, "--format", "json").out)
    assert workspace.season() == "winter"
    with pytest.raises(ConfigError, match="no season 'monsoon'"):
        workspace.seasonal("monsoon")


def test_every_stored_frame_can_be_read(ran: Omnix) -> None:
    workspace = open_workspace(".omnix")
    assert workspace.frame("purchases").height > workspace.frame("predictions").height > 0
    run = workspace.runs.show().run_id
    assert workspace.frame("predictions", run=run).equals(workspace.frame("predictions"))
    with pytest.raises(ConfigError, match="purchases are imported"):
        workspace.frame("purchases", run=run)
    with pytest.raises(DataError, match="no run has made analyses yet"):
        workspace.frame("analyses")


def test_only_what_is_passed_counts(ran: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "omnix.toml").write_text("[similarity]\nneighbours = 7\n")
    monkeypatch.setenv("OMNIX_SIMILARITY__MIN_SUPPORT", "9")
    assert open_workspace().settings().values.similarity.neighbours == 50
    environment = {"OMNIX_SIMILARITY__MIN_SUPPORT": "9"}
    given = open_workspace(config="omnix.toml", environment=environment, settings={"similarity.shrink": 5.0}).settings()
    similarity = given.values.similarity
    assert (similarity.neighbours, similarity.min_support, similarity.shrink) == (7, 9, 5.0)


def test_what_is_finished_in_part_raises_with_its_report(ran: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnix_cli.errors import ItemsRefused

    def refuse(self: SqliteStore, table: str, items: Any) -> None:
        raise ItemsRefused("too large", keys=("c01#homepage",))

    monkeypatch.setattr(SqliteStore, "put_many", refuse)
    monkeypatch.setattr(SqliteStore, "update_many", lambda self, table, items: [item["id"] for item in items])
    with pytest.raises(PartialError) as caught:
        open_workspace(".omnix").publish(as_of="2017-11-20", force=True)
    assert caught.value.report.steps[-1].name == "publish"
    assert caught.value.report.run.exit_code == 5
