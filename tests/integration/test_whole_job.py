"""The whole job on a slice of the sample: same bytes, any past day, killed and resumed, locked, out of disk."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parent.parent.parent
HOUSEHOLDS = 20
FRAMES = ("neighbours", "cycles", "rhythms", "predictions", "popularity", "recommendations", "shop_lists")


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The purchases of a few households and the products, in files of their own, with a configuration."""
    folder = tmp_path_factory.mktemp("history")
    lines = pl.read_csv(ROOT / "sample_data" / "purchases.csv.gz", infer_schema=False)
    chosen = lines["household_id"].unique().sort().head(HOUSEHOLDS)
    theirs = lines.filter(pl.col("household_id").is_in(chosen.to_list()))
    theirs.write_csv(folder / "purchases.csv")
    products = pl.read_csv(ROOT / "sample_data" / "products.csv.gz", infer_schema=False)
    products.join(theirs, on="product_id", how="semi").write_csv(folder / "products.csv")
    write_configuration(folder / "omnix.toml", folder / "purchases.csv", folder / "products.csv")
    return folder


def write_configuration(file: Path, purchases: Path, products: Path) -> None:
    sources = "".join(
        f'[[imports.sources]]\nkind = "{kind}"\nfiles = ["{path}"]\nmapping = "complete-journey"\n'
        for kind, path in (("products", products), ("purchases", purchases))
    )
    file.write_text(f'[imports]\ntimezone = "America/New_York"\n{sources}')


def command(workspace: Path, configuration: Path, *arguments: str) -> list[str]:
    where = ["--workspace", str(workspace), "--config", str(configuration)]
    return [sys.executable, "-m", "omnix_cli", *arguments, *where]


def omnix(
    workspace: Path, configuration: Path, *arguments: str, environment: Mapping[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command(workspace, configuration, *arguments),
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stderr
    return result


def steps(workspace: Path, run: str = "latest") -> dict[str, dict[str, Any]]:
    files = sorted((workspace / "runs").glob("*.json"))
    record = json.loads((files[-1] if run == "latest" else workspace / "runs" / f"{run}.json").read_text())
    return {step["name"]: step for step in record["steps"]}


def contents(workspace: Path) -> dict[str, list[str]]:
    """The SHA-256 of every part of every frame the last run used."""
    found: dict[str, list[str]] = {}
    for step in steps(workspace).values():
        for part in sorted((workspace / "checkpoints" / step["key"]).glob("*.parquet")):
            name = part.name.split("-")[0]
            if name in FRAMES:
                found.setdefault(name, []).append(hashlib.sha256(part.read_bytes()).hexdigest())
    assert set(found) >= set(FRAMES)
    return found


def published(workspace: Path) -> dict[str, Any]:
    """The published rows without the times, by id."""
    with sqlite3.connect(workspace / "store.sqlite") as database:
        table = next(
            name
            for (name,) in database.execute("select name from sqlite_master where type = 'table'")
            if name.endswith("-recommendations-dev")
        )
        names = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
        rows = [dict(zip(names, row, strict=True)) for row in database.execute(f'select * from "{table}"')]
    found = {}
    for row in rows:
        if not row["id"].startswith("control#"):
            document = json.loads(next(value for value in row.values() if str(value).startswith("{")))
            found[row["id"]] = {name: document[name] for name in ("recommendations", "contentHash", "status")}
    return found


@pytest.fixture(scope="session")
def reference(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the job ran once, undisturbed."""
    workspace = tmp_path_factory.mktemp("reference") / "workspace"
    omnix(workspace, history / "omnix.toml", "run")
    return workspace


def test_a_second_run_reuses_everything_and_writes_nothing(history: Path, reference: Path) -> None:
    before = published(reference)
    omnix(reference, history / "omnix.toml", "run")
    assert {step["status"] for step in steps(reference).values()} == {"reused"}
    assert published(reference) == before
    assert len(before) > HOUSEHOLDS * 2


@pytest.mark.parametrize(
    "environment",
    [
        {"OMNIX_ENGINE__SLICE_ROWS": "1500", "POLARS_MAX_THREADS": "1", "OMNIX_ENGINE__THREADS": "1"},
        {"OMNIX_ENGINE__SLICE_ROWS": "4000", "POLARS_MAX_THREADS": "3", "OMNIX_ENGINE__THREADS": "3"},
    ],
    ids=["small slices, one thread", "slices, three threads"],
)
def test_slices_and_threads_leave_no_trace(
    history: Path, reference: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    omnix(tmp_path / "workspace", history / "omnix.toml", "run", environment=environment)
    assert contents(tmp_path / "workspace") == contents(reference)
    assert published(tmp_path / "workspace") == published(reference)


def test_a_past_day_is_built_as_it_was(history: Path, tmp_path: Path) -> None:
    lines = pl.read_csv(history / "purchases.csv", infer_schema=False)
    local = pl.col("transaction_timestamp").str.to_datetime(strict=True).dt.replace_time_zone("UTC")
    earlier = lines.filter(local.dt.convert_time_zone("America/New_York").dt.date() < pl.date(2017, 9, 1))
    assert 0 < earlier.height < lines.height
    earlier.write_csv(tmp_path / "purchases.csv")
    write_configuration(tmp_path / "omnix.toml", tmp_path / "purchases.csv", history / "products.csv")
    omnix(tmp_path / "then", tmp_path / "omnix.toml", "run", "--as-of", "2017-09-01")
    omnix(tmp_path / "later", history / "omnix.toml", "run", "--as-of", "2017-09-01")
    assert contents(tmp_path / "then") == contents(tmp_path / "later")


def test_killed_at_random_moments_the_job_ends_where_it_would_have(
    history: Path, reference: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    chance = random.Random(20180101)
    for _ in range(6):
        process = subprocess.Popen(
            command(workspace, history / "omnix.toml", "run"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.5, 6.0))
        process.kill()
        process.wait()
        for manifest in (workspace / "checkpoints").glob("_manifests/[!.]*"):
            folder = workspace / "checkpoints" / manifest.name.removesuffix(".manifest.json")
            for parts in json.loads(manifest.read_text())["parts"].values():
                for part in parts:
                    content = (folder / part["path"]).read_bytes()
                    assert hashlib.sha256(content).hexdigest() == part["sha256"]
    omnix(workspace, history / "omnix.toml", "run")
    ended = {json.loads(file.read_text())["status"] for file in (workspace / "runs").glob("*.json")}
    assert ended <= {"killed", "done"}
    assert contents(workspace) == contents(reference)
    assert published(workspace) == published(reference)
    assert not [path for path in (workspace / "checkpoints").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_130_and_the_next_goes_on(history: Path, tmp_path: Path, number: int) -> None:
    workspace = tmp_path / "workspace"
    process = subprocess.Popen(
        command(workspace, history / "omnix.toml", "run"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not list((workspace / "runs").glob("*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    errors = process.communicate()[1]
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "continues where it stopped" in errors
    record = json.loads(next((workspace / "runs").glob("*.json")).read_text())
    assert record["status"] == "interrupted", record["error"]
    omnix(workspace, history / "omnix.toml", "run")


def test_a_second_run_at_the_same_time_is_refused(history: Path, reference: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from datetime import datetime, timezone\n"
        "from omnix_cli.stores.workspace.lock import workspace_lock\n"
        f"with workspace_lock(Path({str(reference)!r}), command='run', now=datetime.now(timezone.utc)):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    refused = omnix(reference, history / "omnix.toml", "run", code=75)
    assert f"process {holder.pid}" in refused.stderr
    omnix(reference, history / "omnix.toml", "show", "due")
    holder.kill()
    holder.communicate()
    omnix(reference, history / "omnix.toml", "run")


def test_a_full_disk_is_told_and_survived(history: Path, reference: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"

    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    result = subprocess.run(
        command(workspace, history / "omnix.toml", "run"),
        preexec_fn=small_files_only,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 4, result.stderr
    assert "Traceback" not in result.stderr
    assert "hint:" in result.stderr
    omnix(workspace, history / "omnix.toml", "run")
    assert contents(workspace) == contents(reference)


def test_damage_is_noticed_and_mended(history: Path, reference: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    omnix(workspace, history / "omnix.toml", "run")
    part = next((workspace / "checkpoints" / steps(workspace)["cycles"]["key"]).glob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 0xFF
    part.write_bytes(content)
    told = omnix(workspace, history / "omnix.toml", "run")
    assert "damaged" in told.stderr
    assert steps(workspace)["cycles"]["status"] == "ran"
    assert contents(workspace) == contents(reference)
