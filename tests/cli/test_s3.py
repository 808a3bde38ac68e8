"""Workspaces, inputs and outputs on S3, and what is said when S3 does not serve."""

from __future__ import annotations

import io
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from omnix_cli.services.importing.importer import Import
from omnix_cli.stores.s3 import prefix as s3
from omnix_cli.stores.s3.workspace import bucket_lock
from tests.aws.buckets import TestBucket
from tests.aws.other_s3 import other_s3
from tests.cli.conftest import Omnix, write_shop
from tests.conftest import use_nobodys_account


@pytest.fixture
def cloud(bucket: TestBucket, omnix: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestBucket:
    """The shop's files in a bucket, and the settings that lead there."""
    monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", bucket.url)
    write_shop(tmp_path)
    for name in ("products", "purchases"):
        bucket.write(f"in/{name}.csv", (tmp_path / f"{name}.csv").read_bytes())
    return bucket


def parts(files: dict[str, bytes]) -> dict[tuple[str, str], bytes]:
    """Parquet files by the key of their checkpoint and by their own name, whatever stands between."""
    paths = {tuple(name.split("/")): content for name, content in files.items() if name.endswith(".parquet")}
    return {(path[0], path[-1]): content for path, content in paths.items() if not path[0].startswith("publish")}


def test_a_workspace_on_s3_holds_the_same_bytes_as_one_on_disk(cloud: TestBucket, omnix: Omnix, tmp_path: Path) -> None:
    for place in (".omnix", f"{cloud.address}/team"):
        for kind in ("products", "purchases"):
            assert omnix("import", kind, f"{kind}.csv", "--workspace", place).code == 0
        answer = omnix("run", "--workspace", place)
        assert answer.code == 0, answer.err
    folder = tmp_path / ".omnix" / "checkpoints"
    on_disk = parts({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")})
    keys = cloud.keys("team/checkpoints/")
    on_s3 = parts({key.removeprefix("team/checkpoints/"): cloud.read(key) for key in keys})
    assert len({key for key, _ in on_disk}) == 15
    assert on_s3 == on_disk


def test_another_machine_goes_on_with_a_workspace_on_s3(cloud: TestBucket, omnix: Omnix, tmp_path: Path) -> None:
    shared = ("--workspace", f"{cloud.address}/team")
    for kind in ("products", "purchases"):
        answer = omnix("import", kind, f"{cloud.address}/in/{kind}.csv", *shared)
        assert answer.code == 0, answer.err
    assert omnix("similarity", *shared).code == 0
    shutil.rmtree(tmp_path / ".omnix")

    again = omnix("import", "purchases", f"{cloud.address}/in/*.csv", *shared, "--format", "json")
    assert again.code == 3  # the products among them are no purchases
    known = omnix("import", "purchases", f"{cloud.address}/in/purchases.csv", *shared, "--format", "json")
    assert orjson.loads(known.out)[0]["accepted"] == 0, known.err
    ran = omnix("recommend", *shared, "--format", "json")
    statuses = {step["step"]: step["status"] for step in orjson.loads(ran.out)}
    assert (statuses.pop("similarity"), set(statuses.values())) == ("reused", {"ran"}), ran.err
    assert omnix("show", "similar", "milk", *shared).code == 0
    runs = orjson.loads(omnix("runs", "list", *shared, "--format", "json").out)
    assert [run["command"] for run in runs] == ["recommend", "similarity"]
    assert omnix("runs", "prune", "--keep", "1", *shared).code == 0
    assert omnix("recommend", *shared).code == 0


def test_a_workspace_on_s3_is_locked_and_the_holder_named(cloud: TestBucket, omnix: Omnix) -> None:
    with bucket_lock(cloud.at.within("team"), command="run", now=datetime.now(UTC)):
        answer = omnix("import", "products", "products.csv", "--workspace", f"{cloud.address}/team")
    assert answer.code == 75
    assert f"`omnix run`, process {os.getpid()} on" in answer.err
    assert omnix("import", "products", "products.csv", "--workspace", f"{cloud.address}/team").code == 0


def test_an_import_that_another_machine_made_meanwhile_is_not_added_again(
    cloud: TestBucket, omnix: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the first machine cannot know that it lost its lock."""
    command = ("import", "purchases", "purchases.csv", "--workspace", f"{cloud.address}/team")
    store, codes = Import.store, list[int]()

    def slow_store(self: Import, *arguments: Any, **options: Any) -> Any:
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", cloud.url)
        monkeypatch.setenv("OMNIX_WORKSPACE", "other-machine")
        use_nobodys_account(monkeypatch)
        cloud.delete("team/lock")
        codes.append(omnix(*command).code)
        return store(self, *arguments, **options)

    monkeypatch.setattr(Import, "store", slow_store)
    answer = omnix(*command)
    assert (codes, answer.code) == ([0], 75), answer.err
    assert "another run imported something meanwhile" in answer.err
    assert len(orjson.loads(cloud.read("team/imports.json"))) == 1
    again = omnix(*command, "--format", "json")
    assert (again.code, orjson.loads(again.out)[0]["accepted"]) == (0, 0), again.err


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ({"ignores": ["If-None-Match", "If-Match"]}, "ignores IfNoneMatch in PutObject"),
        ({"refuses": ["If-None-Match"]}, "NotImplemented"),
    ],
)
def test_a_workspace_needs_a_server_with_conditional_writes(
    cloud: TestBucket, omnix: Omnix, monkeypatch: pytest.MonkeyPatch, server: dict[str, list[str]], message: str
) -> None:
    with other_s3(cloud.url, **server) as url:
        monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", url)
        answer = omnix("import", "purchases", "purchases.csv", "--workspace", f"{cloud.address}/team")
    assert answer.code == 2, answer.err
    assert message in answer.err
    assert "workspace on a disk" in answer.err
    assert [key for key in cloud.keys("team/") if key != "team/lock"] == []


def test_a_configuration_is_checked_as_far_as_s3(
    cloud: TestBucket, omnix: Omnix, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = ("--workspace", f"{cloud.address}/team")
    assert f"shared at {cloud.address}/team, empty" in omnix("config", "check", *shared).err
    assert omnix("import", "products", "products.csv", *shared).code == 0
    assert "in use" in omnix("config", "check", *shared).err
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", "s3://no-such-bucket/team")
    answer = omnix("config", "check")
    assert (answer.code, "NoSuchBucket" in answer.err) == (2, True), answer.err
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", "no-bucket")
    assert omnix("config", "check").code == 2


def test_a_dry_run_leaves_nothing_in_the_bucket(cloud: TestBucket, omnix: Omnix) -> None:
    shared = ("--workspace", f"{cloud.address}/team")
    answer = omnix("import", "products", f"{cloud.address}/in/products.csv", "--dry-run", *shared)
    assert answer.code == 0, answer.err
    assert [key for key in cloud.keys("team/") if key != "team/lock"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("import", "products", "s3://no-such-bucket/in/*.csv"), 2, "NoSuchBucket"),
        (("import", "products", "{bucket}/in/none.csv"), 3, "nothing to import at"),
        (("runs", "list", "--workspace", "s3://no-such-bucket/x"), 2, "NoSuchBucket"),
        (("runs", "list", "--output", "{bucket}/out/"), 2, "is not the address of an object"),
    ],
)
def test_what_s3_refuses_is_told(
    cloud: TestBucket, omnix: Omnix, arguments: tuple[str, ...], code: int, message: str
) -> None:
    answer = omnix(*(argument.replace("{bucket}", cloud.address) for argument in arguments))
    assert (answer.code, message in answer.err) == (code, True), answer.err


@pytest.mark.parametrize("command", [("runs", "list"), ("run",), ("import", "products", "s3://tests/in/a.csv")])
def test_a_lost_connection_ends_with_try_later(
    omnix: Omnix, aws_environment: None, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(s3, "ATTEMPTS", 2)
    answer = omnix(*command, "--workspace", "s3://tests/team")
    assert (answer.code, "cannot be reached" in answer.err) == (4, True), answer.err


def test_results_go_to_s3(cloud: TestBucket, omnix: Omnix) -> None:
    assert omnix("import", "products", f"{cloud.address}/in/products.csv").code == 0
    for kind in ("csv", "json", "parquet"):
        target = f"{cloud.address}/out/runs.{kind}"
        answer = omnix("runs", "list", "--format", kind, "--output", target)
        assert (answer.code, answer.out) == (0, ""), answer.err
    assert cloud.keys("out/") == ["out/runs.csv", "out/runs.json", "out/runs.parquet"]
    assert pl.read_parquet(io.BytesIO(cloud.read("out/runs.parquet"))).is_empty()


def test_the_data_of_a_workspace_on_s3_is_checked(cloud: TestBucket, omnix: Omnix, tmp_path: Path) -> None:
    shared = ("--workspace", f"{cloud.address}/team")
    header = "customer_id,product_id,order_id,purchased_at,quantity,total_price\n"
    cloud.write(
        "in/odd.csv", f"{header}c01,POSTAGE,o1,2017-09-01T10:00:00Z,1,€3.00\nc01,tea,o1,2017-09-01,1,$3\n".encode()
    )
    assert omnix("import", "purchases", "purchases.csv", *shared).code == 0
    assert omnix("import", "purchases", f"{cloud.address}/in/odd.csv", *shared).code == 0
    shutil.rmtree(tmp_path / ".omnix", ignore_errors=True)
    for _ in range(2):  # also when the findings are kept in the bucket
        answer = omnix("check", "data", *shared, "--format", "json")
        assert answer.code == 0, answer.err
        assert {one["code"] for one in orjson.loads(answer.out)} >= {"no_products", "several_currencies"}
    assert "findings.json" in {key.rpartition("/")[2] for key in cloud.keys("team/")}
