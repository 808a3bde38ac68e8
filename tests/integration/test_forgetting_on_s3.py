"""Forgetting a customer of a workspace on S3, and in the files of batch jobs."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.errors import PartialError, UnavailableError
from omnix_cli.predictors.bedrock.personal_data import pseudonym
from tests.aws.bedrock import BedrockDouble
from tests.aws.buckets import TestBucket
from tests.integration.bedrock_machines import ROLE
from tests.integration.test_forgetting import NOW, OTHER, SECRET, ZOE, import_all, write_shop
from tests.left_behind import naming


def named(bucket: TestBucket, customer: str) -> list[str]:
    """The objects of a bucket that have the id anywhere."""
    everything = bucket.keys()
    return [key for key in everything if customer in _decoded(bucket.read(key))]


def _decoded(content: bytes) -> str:
    text = content.decode(errors="replace")
    if content.startswith(b"PAR1"):
        return text + str(pq.ParquetFile(io.BytesIO(content)).read().to_pylist())
    return gzip.decompress(content).decode() if content.startswith(b"\x1f\x8b") else text


class Shop:
    """The shop with its workspace in a bucket, and a model that is asked in batches."""

    def __init__(self, folder: Path, bucket: TestBucket, bedrock: BedrockDouble) -> None:
        self.folder, self.bucket, self.bedrock = folder, bucket, bedrock
        self.settings = {
            "workspace": str(folder / "w"),
            "bedrock.pseudonym_secret": SECRET,
            "imports.max_bad": 0.5,
            "s3.endpoint_url": bucket.url,
            "bedrock.endpoint_url": bedrock.url,
            "bedrock.region": "us-east-1",
            "bedrock.min_purchase_days": 2,
            "bedrock.batch.location": f"{bucket.address}/batches",
            "bedrock.batch.role_arn": ROLE,
            "bedrock.batch.min_records": 2,
            "bedrock.batch.wait_seconds": 60,
            "bedrock.batch.poll_seconds": 0.01,
            "prediction.predictor": "bedrock-batch",
            "prediction.gate": False,
        }

    @property
    def workspace(self) -> Workspace:
        return open_workspace(f"{self.bucket.address}/team", settings=self.settings, now=lambda: NOW)


@pytest.fixture
def shop(tmp_path: Path, bucket: TestBucket, bedrock: BedrockDouble) -> Shop:
    bedrock.behaviour = replace(bedrock.behaviour, min_records=2)
    write_shop(tmp_path)
    made = Shop(tmp_path, bucket, bedrock)
    import_all(made.workspace, tmp_path)
    return made


def test_it_is_in_no_object_any_more(shop: Shop) -> None:
    shop.workspace.run()
    before = named(shop.bucket, ZOE)
    for place in ("team/checkpoints/", "team/answers/", "batches/"):
        assert any(key.startswith(place) for key in before), (place, before)
    name = pseudonym(SecretStr(SECRET))(ZOE)
    assert len(named(shop.bucket, name)) >= 2
    receipt = shop.workspace.privacy.forget(ZOE, purge=True)
    assert named(shop.bucket, ZOE) == [] and named(shop.bucket, name) == []
    assert naming(shop.folder / "w", ZOE) == [] and naming(shop.folder / "w", name) == []
    assert receipt.erased["batch jobs"] >= 3 and receipt.purged
    assert any(OTHER in _decoded(shop.bucket.read(key)) for key in shop.bucket.keys("batches/"))
    shop.workspace.run()
    assert named(shop.bucket, ZOE) == []
    assert ZOE not in shop.workspace.frame("predictions")["customer_id"]


def test_the_files_of_an_open_job_are_waited_for(shop: Shop) -> None:
    shop.settings["bedrock.batch.wait_seconds"] = 0
    with pytest.raises(UnavailableError):
        shop.workspace.run()
    with pytest.raises(PartialError, match="batch job omnix-"):
        shop.workspace.privacy.forget(ZOE, purge=True)
    while any(not job.done for job in shop.workspace.models.collect()):
        pass
    assert shop.workspace.privacy.forget(ZOE, purge=True).purged
    assert named(shop.bucket, ZOE) == []


def test_another_machine_knows_who_is_forgotten(shop: Shop, tmp_path: Path) -> None:
    shop.workspace.privacy.forget(ZOE)
    there = open_workspace(
        f"{shop.bucket.address}/team",
        settings={"workspace": str(tmp_path / "elsewhere"), "s3.endpoint_url": shop.bucket.url, "imports.max_bad": 0.5},
        now=lambda: NOW,
    )
    assert ZOE not in there.frame("purchases")["customer_id"]
    (tmp_path / "more.csv").write_text(
        f"customer_id,product_id,purchased_at\n{ZOE},milk,2018-01-03\nc01,milk,2018-01-03\n"
    )
    report = there.imports.files("purchases", str(tmp_path / "more.csv"))
    assert report.accepted == 1


def test_the_report_names_every_column_in_the_bucket(shop: Shop) -> None:
    shop.workspace.run()
    service = f"S3: {shop.bucket.address}/team"
    told = {one.field for one in shop.workspace.privacy.report().leaves if one.service == service}
    seen, others = set[str](), set[str]()
    for key in shop.bucket.keys("team/"):
        name = key.removeprefix("team/")
        if name.startswith("checkpoints/") and name.endswith(".parquet"):
            frame = name.rpartition("/")[2].partition("-")[0]
            columns = pq.ParquetFile(io.BytesIO(shop.bucket.read(key))).schema_arrow.names
            seen |= {f"{frame}.{column}" for column in columns}
        elif not name.startswith("checkpoints/"):
            others.add(name.partition("/")[0])
    assert seen and seen <= told
    assert {"answers.customers", "records of runs", "records of imports"} <= told
    assert others <= {"answers", "runs", "imports.json", "findings.json", "workspace.json", "lock"}


def test_consent_that_is_withdrawn_while_a_job_runs_counts_when_it_ends(shop: Shop) -> None:
    shop.settings["bedrock.batch.wait_seconds"] = 0
    with pytest.raises(UnavailableError):
        shop.workspace.run()
    with shop.workspace.customers() as customers:
        for customer in (ZOE, OTHER):
            customers.register({"customerId": customer})
        customers.set_consent(ZOE, {"aiAnalysis": False})
        customers.set_consent(OTHER, {"personalisation": False})
    while any(not job.done for job in shop.workspace.models.collect()):
        pass
    shop.settings["bedrock.batch.wait_seconds"] = 60
    shop.workspace.run()
    asked = set(shop.workspace.frame("usage")["customer_id"])
    assert asked and asked.isdisjoint({ZOE, OTHER})
    predicted = shop.workspace.frame("predictions")
    assert OTHER not in predicted["customer_id"]
    with shop.workspace.customers() as customers:
        assert customers.recommendations(OTHER).algorithm == "popular"
        customers.set_consent(ZOE, {"aiAnalysis": True})
    shop.workspace.run()
    assert ZOE in set(shop.workspace.frame("usage")["customer_id"]), "given again, its answer may be used"
