"""A workspace written by omnix 0.1.0, and workspaces whose frames differ from those of this release."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import dataframely as dy
import orjson
import polars as pl
import pytest

from omnix_cli import schemas
from omnix_cli.cli import main
from omnix_cli.schemas import FRAMES
from tests.aws.buckets import TestBucket
from tests.cli.conftest import Answer, Omnix

FIXTURE = Path(__file__).parents[1] / "fixtures" / "workspace-0.1.0.tar.gz"


@pytest.fixture
def omnix(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Omnix:
    """Calls the command line in a folder with a workspace of 0.1.0: two runs, a quarantined row, a published store."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Answer:
        code = main(arguments)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def answered(omnix: Omnix, *arguments: str) -> Any:
    answer = omnix(*arguments, "--format", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "logs" not in path.parts}


def steps(omnix: Omnix) -> dict[str, dict[str, Any]]:
    """Runs the plan; the steps of its record."""
    answer = omnix("run")
    assert answer.code == 0, answer.err
    return latest_steps()


def latest_steps() -> dict[str, dict[str, Any]]:
    record = orjson.loads(max(Path(".omnix/runs").glob("*.json")).read_bytes())
    return {step["name"]: step for step in record["steps"]}


def test_reading_it_changes_nothing(omnix: Omnix, tmp_path: Path) -> None:
    before = files(tmp_path)
    (quarantined,) = answered(omnix, "quarantine", "show")
    assert (quarantined["reason"], quarantined["rows"]) == ("not a date", 1)
    assert answered(omnix, "show", "trending", "--limit", "3")
    assert [run["status"] for run in answered(omnix, "runs", "list")] == ["done", "done"]
    assert omnix("run", "--dry-run").code == 0
    assert {name: content for name, content in files(tmp_path).items() if not name.endswith("lock")} == {
        name: content for name, content in before.items() if not name.endswith("lock")
    }


def test_the_first_run_reuses_the_imports_and_computes_the_steps_again(omnix: Omnix) -> None:
    first = steps(omnix)
    assert {name: step["status"] for name, step in first.items() if name.startswith("import")} == {
        "import products": "reused",
        "import customers": "reused",
        "import purchases": "ran",  # its rows get new ids
    }
    assert {first[name]["status"] for name in ("similarity", "cycles", "predict", "recommend", "shop_lists")} == {"ran"}
    assert first["cycles"]["reason"] == "changed input: purchases"
    assert first["publish"]["status"] == "ran"  # lines of one product and day count together now: lists differ
    assert orjson.loads(Path(".omnix/workspace.json").read_bytes())["format"] == 2
    assert {step["status"] for step in steps(omnix).values()} == {"reused"}
    assert answered(omnix, "quarantine", "show")[0]["rows"] == 1


def test_publishing_writes_only_the_lists_that_differ(omnix: Omnix) -> None:
    steps(omnix)
    Path("new.csv").write_text("customer_id,product_id,purchased_at,quantity\n97,1082185,2017-12-30,1\n")
    assert omnix("import", "purchases", "new.csv").code == 0
    figures = steps(omnix)["publish"]["figures"]
    assert figures["changed"] > 0
    assert figures["unchanged"] > 0


def test_purchases_get_new_ids_and_an_overlapping_file_does_not_double(omnix: Omnix) -> None:
    def current() -> pl.DataFrame:
        ledger = orjson.loads(Path(".omnix/imports.json").read_bytes())
        frames, gone = [], set[str]()
        for batch in reversed([one for one in ledger if one["kind"] == "purchases"]):
            folder = Path(".omnix/checkpoints") / batch["key"]
            parts = sorted(folder.glob("purchases-*.parquet"))
            frames += [pl.read_parquet(part).filter(~pl.col("purchase_id").is_in(list(gone))) for part in parts]
            for part in folder.glob("superseded-*.parquet"):
                gone |= {*pl.read_parquet(part)["id"]}
        return pl.concat(frames, how="diagonal")

    old = current()
    answer = omnix("import", "purchases", "purchases-1.csv", "--mapping", "complete-journey", "--max-bad", "1")
    assert answer.code == 0, answer.err
    new = current()
    # Unit prices made from totals were rounded to even before: 1.81 for two was 0.90 each and is 0.91.
    content = pl.exclude("purchase_id", "unit_price")
    assert sorted(new.select(content).rows(), key=str) == sorted(old.select(content).rows(), key=str)
    assert new["purchase_id"].is_unique().all()
    assert new["purchase_id"].str.contains(r"^\d{4}-\d\d-\d\d").all()
    assert omnix("run").code == 0


class PurchasesWithChannel(schemas.Purchases):
    """As a later release may have them."""

    channel = dy.String(nullable=True)


class PurchasesWithTill(schemas.Purchases):
    """As no release may have them: old batches cannot be read."""

    till = dy.String()


def test_a_new_nullable_column_is_null_in_old_batches(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FRAMES, "purchases", replace(FRAMES["purchases"], schema=PurchasesWithChannel))
    Path("new.csv").write_text(
        "customer_id,product_id,purchased_at,quantity,channel\n97,1082185,2017-12-30,1,app\n", encoding="utf-8"
    )
    assert omnix("import", "purchases", "new.csv").code == 0
    assert steps(omnix)["cycles"]["reason"] == "changed input: purchases"
    (replayed,) = answered(omnix, "quarantine", "replay", "--mapping", "complete-journey")
    assert replayed["quarantined"] == 1


def test_a_column_of_a_later_release_is_left_out(omnix: Omnix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as later:
        later.setitem(FRAMES, "purchases", replace(FRAMES["purchases"], schema=PurchasesWithChannel))
        Path("new.csv").write_text(
            "customer_id,product_id,purchased_at,quantity,channel\n97,1082185,2017-12-30,1,app\n", encoding="utf-8"
        )
        assert omnix("import", "purchases", "new.csv").code == 0
    stored = [pl.read_parquet_schema(part) for part in tmp_path.glob(".omnix/checkpoints/import-*/purchases-*.parquet")]
    assert sorted("channel" in schema for schema in stored) == [
        False,
        False,
        True,
        True,
    ]  # the latter two: new ids, new rows
    assert steps(omnix)["cycles"]["status"] == "ran"


def test_a_required_column_that_old_batches_lack_is_an_error(omnix: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FRAMES, "purchases", replace(FRAMES["purchases"], schema=PurchasesWithTill))
    answer = omnix("run")
    assert answer.code == 2
    assert "without the column `till`" in answer.err
    assert "Import the files again" in answer.err


def _edit(path: Path, **changed: Any) -> None:
    content = orjson.loads(path.read_bytes())
    for record in content if isinstance(content, list) else [content]:
        record.update(changed)
    path.write_bytes(orjson.dumps(content))


@pytest.mark.parametrize("what", ["workspace", "ledger", "manifests", "runs"])
def test_a_newer_workspace_is_refused(omnix: Omnix, tmp_path: Path, what: str) -> None:
    workspace = tmp_path / ".omnix"
    if what == "workspace":
        (workspace / "workspace.json").write_bytes(orjson.dumps({"format": 3, "written_by": "0.9.0", "zone": "a"}))
    elif what == "ledger":
        _edit(workspace / "imports.json", approved_by="ann")
    else:
        for path in workspace.glob({"manifests": "checkpoints/*/*manifest.json", "runs": "runs/*.json"}[what]):
            _edit(path, approved_by="ann")
    before = files(workspace)
    for command in (["run"], ["show", "due"], ["import", "purchases", "purchases-1.csv"]):
        answer = omnix(*command)
        if what == "runs" and command[0] == "import":
            continue
        assert answer.code == 2, answer.err
        assert "was written by a newer omnix" in answer.err
        assert "Upgrade omnix" in answer.err
    if what == "workspace":
        assert "(0.9.0, format 3)" in answer.err
        assert {name: content for name, content in files(workspace).items() if not name.endswith("lock")} == {
            name: content for name, content in before.items() if not name.endswith("lock")
        }


def test_a_newer_shared_workspace_is_refused(omnix: Omnix, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", bucket.url)
    bucket.write("team/workspace.json", orjson.dumps({"format": 3, "written_by": "0.9.0"}))
    for command in (["run"], ["show", "due"], ["runs", "list"]):
        answer = omnix(*command, "--workspace", f"{bucket.address}/team")
        assert answer.code == 2, answer.err
        assert "was written by a newer omnix (0.9.0, format 3)" in answer.err
