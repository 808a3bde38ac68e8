"""The IAM policies of configs/aws allow what the commands do, on the tables, indexes and folders of a bucket where they
do it, and no more."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.session import get_session

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.store import DynamoStore
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES
from tests.aws.accounts import new_stage, store_maker, transport_to
from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.server import Request
from tests.aws.buckets import TestBucket
from tests.aws.fault_proxy import FaultProxy
from tests.aws.s3_watch import ARN as S3_ARN
from tests.aws.s3_watch import Right, watched
from tests.cli.conftest import Omnix, omnix, ran, shop, write_shop

POLICIES = Path(__file__).parents[2] / "configs" / "aws"
ARN = "arn:aws:dynamodb:REGION:ACCOUNT:table/"
BUCKET = f"{S3_ARN}BUCKET"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ON_BEHALF = {
    ("s3:GetObject", f"{BUCKET}/BULK/*"),
    *(
        (f"logs:{action}", "arn:aws:logs:REGION:ACCOUNT:log-group:/aws-dynamodb/*")
        for action in ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents", "PutRetentionPolicy")
    ),
    ("logs:DescribeLogGroups", "*"),
}
"""What DynamoDB does with the caller's rights when it loads files. Source: developer guide, "Requesting a table
import in DynamoDB", "Setting up IAM permissions"."""

MODEL = "amazon.nova-lite-v1:0"
BEDROCK = "arn:aws:bedrock:REGION:ACCOUNT:"
FOUNDATION_MODEL = "arn:aws:bedrock:REGION::foundation-model/MODEL"
PROFILES = {
    f"us.{MODEL}": f"{BEDROCK}inference-profile/PROFILE",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/PROFILE": (
        f"{BEDROCK}application-inference-profile/PROFILE"
    ),
}
MODELS = (MODEL, *PROFILES)
"""A model in the region, and by a profile of AWS and one of the account, which may ask in other regions."""
MODEL_ARNS = (
    BEDROCK,
    FOUNDATION_MODEL,
    "arn:aws:bedrock:*::foundation-model/MODEL",
    "arn:aws:iam::ACCOUNT:role/BATCH-ROLE",
)
NEWER_THAN_THE_LINTER = {"dynamodb:StartBulkPutItems", "bedrock:CountTokens"}


def rights(request: Request) -> Iterator[Right]:
    """What a request to Bedrock needs. Source: service authorization reference, "Actions, resources, and condition keys
    for Amazon Bedrock"; user guide, "Prerequisites for inference profiles" and "Set up permissions to use Amazon
    Bedrock Guardrails"."""
    body = json.loads(request.body or b"{}")
    model = body.get("modelId") or unquote(request.target).removeprefix("/model/").rpartition("/")[0]
    asked = PROFILES.get(model, FOUNDATION_MODEL)
    job = f"{BEDROCK}model-invocation-job/*"
    if request.operation in ("Converse", "CreateModelInvocationJob") and asked != FOUNDATION_MODEL:
        yield "bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/MODEL"
    if request.operation == "Converse":
        yield "bedrock:InvokeModel", asked
        if "guardrailConfig" in body:
            yield (
                "bedrock:ApplyGuardrail",
                f"{BEDROCK}guardrail/{body['guardrailConfig']['guardrailIdentifier'].upper()}",
            )
    elif request.operation == "CreateModelInvocationJob":
        yield from (("bedrock:CreateModelInvocationJob", resource) for resource in (asked, job))
        yield "iam:PassRole", body["roleArn"].replace("123456789012", "ACCOUNT")
        if body.get("tags"):
            yield "bedrock:TagResource", job
    elif request.operation == "ListModelInvocationJobs":
        yield "bedrock:ListModelInvocationJobs", "*"
    else:
        yield f"bedrock:{request.operation}", asked if request.operation == "CountTokens" else job


__all__ = ["omnix", "ran", "shop"]  # fixtures of the command line


class Watch(FaultProxy):
    """Spoils nothing and notes the rights that every request needs."""

    def __init__(self, upstream: str, stage: str) -> None:
        super().__init__(upstream)
        self.used: set[Right] = set()
        self._stage = stage

    def fault(self, operation: str, body: bytes) -> None:
        request = json.loads(body)
        named = request.get("TableCreationParameters", request)
        for table in named.get("RequestItems", [named.get("TableName")]):
            index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
            resource = table.replace("omnix-ai-", "PREFIX-").replace(f"-{self._stage}", "-STAGE")
            self.used.add((f"dynamodb:{operation}", f"{ARN}{resource}{index}"))


@pytest.fixture
def watch(ministack: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Has omnix use tables of its own, through the watch."""
    stage = new_stage()
    with Watch(ministack, stage) as proxy:
        settings = {"KIND": "dynamodb", "ENDPOINT_URL": proxy.url, "STAGE": stage, "TABLES__OWN_PRODUCTS": "true"}
        for name, value in settings.items():
            monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
        yield proxy


@pytest.fixture
def store(watch: Watch, ministack: str) -> Iterator[DynamoStore]:
    """The same tables, made and filled unseen."""
    with closing(store_maker(ministack, stage=watch._stage)()) as unseen:
        unseen.create_tables()
        yield unseen


@dataclass(frozen=True)
class Cloud:
    """A bucket with the folders of the policies, and what is done in it."""

    bucket: TestBucket
    seen: set[Right]

    @property
    def used(self) -> set[Right]:
        """The rights, on the folders that the policies know."""
        return {(action, self._placed(resource)) for action, resource in self.seen}

    def _placed(self, resource: str) -> str:
        _, _, key = resource.partition("/")
        return f"{BUCKET}/{key.partition('/')[0]}/*" if key else BUCKET


@pytest.fixture
def cloud(bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Has omnix reach its bucket through a watch."""
    with watched(bucket.url) as seen:
        monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", seen.url)
        yield Cloud(bucket, seen.used)


def purchase(number: int) -> dict[str, Any]:
    item = {"id": f"p{number}", "customerId": f"c{number % 5}", "productId": "milk", "quantity": 1, "totalPrice": 2}
    return {**item, "purchaseDate": f"2026-01-{number % 28 + 1:02d}T10:00:00Z"}


def allowed(policy: str, *services: str) -> set[Right]:
    """What a policy allows, of all services or of these."""
    statements = json.loads((POLICIES / f"{policy}.json").read_text())["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    rights = {(action, arn) for one in statements for action in one["Action"] for arn in one["Resource"]}
    return {right for right in rights if not services or right[0].partition(":")[0] in services}


def did(omnix: Omnix, *arguments: str) -> None:
    answer = omnix(*arguments)
    assert answer.code == 0, answer.err


def _refusing_one(put_if: Callable[..., bool]) -> Callable[..., bool]:
    """Refuses the first change of a profile."""
    refused: list[str] = []

    def put(store: DynamoStore, table: str, *arguments: Any, **options: Any) -> bool:
        if table == "customer-profiles" and not refused:
            refused.append(table)
            return False
        return put_if(store, table, *arguments, **options)

    return put


def test_the_nightly_job(watch: Watch, store: DynamoStore, ran: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_many("purchase-history", map(purchase, range(40)))
    for kind in ("purchases", "products", "customers", "interactions"):
        did(ran, "import", kind, "--from", "dynamodb")
    monkeypatch.setenv("OMNIX_PUBLISH__REFRESH_SHARE", "0")
    store.put_many("customer-profiles", [{"customerId": customer, "version": 1} for customer in ("c1", "c2")])
    with monkeypatch.context() as overtaken:  # somebody changes the first profile at the same time
        overtaken.setattr(DynamoStore, "put_if", _refusing_one(DynamoStore.put_if))
        did(ran, "run")
    assert all("segment" in item for item in store.scan("customer-profiles"))
    monkeypatch.setenv("OMNIX_STORE__WRITE_SHARE", "0.5")
    did(ran, "publish", "--dry-run")
    assert watch.used == allowed("nightly-job", "dynamodb")


def test_the_nightly_job_on_s3(cloud: Cloud, omnix: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    for name in ("products", "purchases"):
        cloud.bucket.write(f"INPUTS/{name}.csv", (tmp_path / f"{name}.csv").read_bytes())
    monkeypatch.setenv("OMNIX_S3__LEFTOVER_HOURS", "0.000001")
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", f"{cloud.bucket.address}/WORKSPACE")
    leave_behind(cloud.bucket)
    did(omnix, "import", "products", f"{cloud.bucket.address}/INPUTS/products.csv")
    did(omnix, "import", "purchases", f"{cloud.bucket.address}/INPUTS/purch*.csv")
    did(omnix, "run", "--output", f"{cloud.bucket.address}/OUTPUTS/steps.json", "--format", "json")
    did(omnix, "runs", "prune", "--keep", "1")
    assert cloud.used == allowed("nightly-job", "s3")


def leave_behind(bucket: TestBucket) -> None:
    """What a killed run leaves, unseen: an upload in parts that never ended, and a part of no checkpoint."""
    key = "WORKSPACE/checkpoints/similarity-1/0123456789ab/neighbours-00000.parquet"
    bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    bucket.write(key, b"left behind")


@pytest.fixture
def without_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_PUBLISH__PROFILES", "false")


def test_a_publish_of_lists_needs_rights_for_one_table(
    watch: Watch, store: DynamoStore, without_profiles: None, ran: Omnix
) -> None:
    did(ran, "run")
    assert {resource for _, resource in watch.used} == {f"{ARN}PREFIX-recommendations-STAGE"}
    assert ("dynamodb:DescribeTable", f"{ARN}PREFIX-recommendations-STAGE") not in watch.used


def test_the_analyst(watch: Watch, store: DynamoStore, omnix: Omnix, tmp_path: Path) -> None:
    store.put_many("purchase-history", map(purchase, range(40)))
    omnix("tables", "status")
    exported = str(tmp_path / "exported")
    did(omnix, "tables", "export", *TABLES, "--to", exported)
    for spec in TABLES.values():
        store.put_many(spec.name, [{spec.key: "new"}])
    assert omnix("tables", "verify", "--from", exported).code == 5, "it reads what differs again"
    assert watch.used == allowed("analyst", "dynamodb")


def test_the_analyst_on_s3(cloud: Cloud, ran: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", f"{cloud.bucket.address}/WORKSPACE")
    for kind in ("products", "purchases"):
        did(ran, "import", kind, f"{kind}.csv")
    did(ran, "run")
    did(ran, "run")
    first, second = (run["run_id"] for run in json.loads(ran("runs", "list", "--format", "json").out))
    cloud.seen.clear()
    did(ran, "runs", "list")
    did(ran, "runs", "show", "latest")
    did(ran, "runs", "diff", first, second)
    did(ran, "explain")
    for what in (("recommendations", "c01"), ("similar", "milk"), ("due",), ("trending",), ("seasonal",)):
        did(ran, "show", *what)
    did(ran, "show", "customer", "c01")
    did(ran, "show", "quarantine")
    did(ran, "quarantine", "show")
    did(ran, "config", "check")
    assert cloud.used == allowed("analyst", "s3")


def test_the_migration(
    watch: Watch, cloud: Cloud, omnix: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNIX_STORE__TABLES__EXPIRING", '["product-interactions", "recommendations"]')
    did(omnix, "tables", "create")
    _without_indexes(watch)
    did(omnix, "tables", "create")
    did(omnix, "tables", "status")
    with closing(SqliteStore(tmp_path / "other.sqlite")) as other:
        other.create_tables()
        for spec in TABLES.values():
            other.put_many(spec.name, [{spec.key: f"k{number}", "name": "n"} for number in range(30)])
    source = ("--from", "kind=sqlite", "--from", f"path={tmp_path / 'other.sqlite'}", "--from", "stage=dev")
    did(omnix, "tables", "copy", *TABLES, *source)
    did(omnix, "tables", "verify", *TABLES, *source)
    place = f"{cloud.bucket.address}/EXPORTS/monday"
    did(omnix, "tables", "export", *TABLES, "--to", place)
    did(omnix, "tables", "load", place)
    did(omnix, "tables", "verify", "--from", place)
    for table in TABLES:
        files = ("--files", f"{cloud.bucket.address}/BULK/{table}")
        assert omnix("tables", "bulk", table, *files, "--start").code == 2, "the emulator knows no such operation"
        request = json.loads(omnix("tables", "bulk", table, *files).out)["ImportTable"]
        with closing(transport_to(watch.url)) as transport, suppress(ServiceError):  # the table is there already
            transport("ImportTable", request)
    did(omnix, "tables", "copy", "--undo", "latest")
    _backfill(omnix, cloud, tmp_path, monkeypatch)
    did(omnix, "tables", "drop", "--yes")
    to_protect = {("dynamodb:UpdateTable", f"{ARN}PREFIX-forgotten-customers-STAGE")}  # it has no index to be added
    assert watch.used | cloud.used | ON_BEHALF | to_protect == allowed("migration")


def _backfill(omnix: Omnix, cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes what a workspace on S3 has imported, which happened unseen."""
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", f"{cloud.bucket.address}/WORKSPACE")
    write_shop(folder)
    before = set(cloud.seen)
    did(omnix, "import", "purchases", "purchases.csv")
    cloud.seen.intersection_update(before)
    did(omnix, "tables", "backfill")


def _without_indexes(watch: Watch) -> None:
    """Puts bare tables in place of those just made, unseen."""
    before = set(watch.used)
    with closing(transport_to(watch.url)) as transport:
        for spec in TABLES.values():
            name = spec.full_name("omnix-ai", watch._stage)
            transport("DeleteTable", {"TableName": name})
            request = {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": spec.key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": spec.key, "KeyType": "HASH"}],
            }
            transport("CreateTable", request)
    watch.used = before


def test_predictions_by_a_model(
    cloud: Cloud, ran: Omnix, bedrock: BedrockDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, min_records=1)
    settings = {
        "REGION": "us-east-1",
        "ENDPOINT_URL": bedrock.url,
        "PSEUDONYM_SECRET": "a secret of sixteen signs and more",
        "COUNT_TOKENS": "true",
        "METADATA": '{"costs": "shop"}',
        "PRICES": str(tmp_path / "prices.toml"),
        "BATCH__LOCATION": f"{cloud.bucket.address}/BATCH",
        "BATCH__ROLE_ARN": "arn:aws:iam::123456789012:role/BATCH-ROLE",
        "BATCH__MIN_RECORDS": "1",
        "BATCH__POLL_SECONDS": "0.01",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNIX_BEDROCK__{name}", value)
    monkeypatch.setenv("OMNIX_PRIVACY__CONSENT_AI_ANALYSIS", "true")
    price = "{ input = 1, output = 1, cache_read = 1, cache_write = 1 }"
    (tmp_path / "prices.toml").write_text(
        'source = "a test"\nnoted = 2026-03-01\n[models]\n' + "".join(f'"{name}" = {price}\n' for name in MODELS)
    )
    for model in MODELS:
        did(ran, "predict", "estimate", "--predictor", "bedrock", "--model", model)
    still = ran("predict", "--predictor", "bedrock-batch", "--model", MODEL)
    assert still.code == 4, still.err
    monkeypatch.setenv("OMNIX_BEDROCK__BATCH__WAIT_SECONDS", "60")
    for model in MODELS:
        did(ran, "predict", "--predictor", "bedrock-batch", "--model", model)
    did(ran, "predict", "status")
    did(ran, "predict", "collect")
    monkeypatch.setenv("OMNIX_BEDROCK__GUARDRAIL", "guardrail")
    for model in MODELS:
        did(ran, "predict", "--predictor", "bedrock", "--model", model, "--as-of", "2017-11-20")
    asked = {right for request in bedrock.requests for right in rights(request)}
    assert asked == allowed("model-predictions", "bedrock", "iam")
    assert cloud.used == allowed("model-predictions", "s3")
    jobs = {right for right in asked if right[0] == "bedrock:InvokeModel" and right[1] != FOUNDATION_MODEL}
    assert jobs == allowed("bedrock-batch-role", "bedrock")


def test_placeholders_are_the_only_names_in_the_policies() -> None:
    for file in POLICIES.glob("*.json"):
        policy = json.loads(file.read_text())
        assert policy["Version"] == "2012-10-17"
        arns = {arn for one in policy["Statement"] for arn in one.get("Resource", ())} - {arn for _, arn in ON_BEHALF}
        assert all(arn == "*" or arn.startswith((f"{ARN}PREFIX-", BUCKET, *MODEL_ARNS)) for arn in arns)
        assert len(json.dumps(policy, separators=(",", ":"))) < 6144  # the limit of a managed policy


@pytest.mark.parametrize("file", sorted(POLICIES.glob("*.json")), ids=lambda file: file.stem)
def test_a_policy_is_valid(file: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the linter loads its data in a way that setuptools gives up
        from parliament import analyze_policy_string
    text = file.read_text().replace("REGION", "eu-west-1").replace("ACCOUNT", "123456789012")
    if "trust" in file.stem:  # the linter knows policies of resources by the Resource that they name
        text = text.replace('"Action"', '"Resource": "arn:aws:iam::123456789012:role/BATCH-ROLE", "Action"')
    found = analyze_policy_string(text).findings
    assert not [finding for finding in found if not _is_known(finding)]


def _is_known(finding: Any) -> bool:
    """Newer actions; and that Bedrock's actions may be about models and jobs of other kinds, too, which the linter
    takes for required ones. (Which resources they need is compared above.)"""
    if finding.issue == "UNKNOWN_ACTION":
        return str(finding.detail).rpartition(" ")[2] in NEWER_THAN_THE_LINTER
    return finding.issue == "RESOURCE_MISMATCH" and all(one["action"].startswith("bedrock:") for one in finding.detail)


def test_newer_actions_exist() -> None:
    for service, operation in (("dynamodb", "StartBulkPutItems"), ("bedrock-runtime", "CountTokens")):
        assert operation in get_session().get_service_model(service).operation_names


def test_only_batches_of_this_account_may_use_the_role() -> None:
    (statement,) = json.loads((POLICIES / "bedrock-batch-role-trust.json").read_text())["Statement"]
    assert statement["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "ACCOUNT"}
    assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": f"{BEDROCK}model-invocation-job/*"}
