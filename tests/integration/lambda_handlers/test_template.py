"""The template of the deployment: what it allows is what the code calls, and what it watches is what the code tells."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cfnlint.decode.cfn_yaml import load

from omnix_cli.errors import LockedError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.serving.lambda_handlers import (
    container,
    gateway,
    order_events,
    predictions_on_demand,
    purchase_events,
)
from omnix_cli.serving.lambda_handlers.container import present
from omnix_cli.stores.tables.store_tombstones import ALWAYS, NEVER, StoreTombstones
from omnix_cli.wiring.workspaces import Workspace
from tests.aws.accounts import new_stage
from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import Omnix, omnix, write_shop
from tests.integration.lambda_handlers.conftest import CACHES
from tests.integration.lambda_handlers.recorded_events import Context, queue, request
from tests.integration.lambda_handlers.test_events import LATER, LINE, ORDER
from tests.integration.test_policies import Cloud, Watch, allowed, cloud, leave_behind
from tests.integration.test_policies import rights as bedrock_rights

__all__ = ["cloud", "omnix"]  # fixtures

FILE = Path(__file__).parents[3] / "configs" / "aws" / "omnix.yaml"
TEMPLATE: dict[str, Any] = load(str(FILE))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
NAMES = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "REGION",
    "${AWS::AccountId}": "ACCOUNT",
    "${Prefix}": "PREFIX",
    "${Stage}": "STAGE",
    "${JobBucket}/workspace": "BUCKET/WORKSPACE",
    "${JobBucket}/inputs": "BUCKET/INPUTS",
    "${JobBucket}/outputs": "BUCKET/OUTPUTS",
    "${JobBucket}": "BUCKET",
}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""Lambda developer guide, "Defining Lambda function permissions with an execution role"."""
QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
"""Lambda developer guide, "Using Lambda with Amazon SQS", "Execution role permissions"."""
STREAM = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
"""Lambda developer guide, "Process DynamoDB records with Lambda", "Execution role permissions"; "Retain discarded batch
records" for sqs:SendMessage."""
BY_AWS: dict[str, set[str]] = {
    "OrderRole": LOGS | QUEUE | STREAM | {"sqs:SendMessage"},
    "PurchaseRole": LOGS | QUEUE,
    "ApiRole": LOGS,
    "DemandRole": LOGS,
    "JobRole": set(),
    # ECS developer guide, "Amazon ECS task execution IAM role"; layers are checked by the console and docker push only
    "JobExecutionRole": LOGS | {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
    # EventBridge Scheduler user guide, "Using templated targets", "Amazon ECS RunTask"
    "JobNightRole": {"ecs:RunTask", "iam:PassRole"},
    # EventBridge user guide, "Using resource-based policies for Amazon EventBridge": Amazon SQS, Amazon SNS
    "OrderQueuePolicy": {"sqs:SendMessage"},
    "PurchaseQueuePolicy": {"sqs:SendMessage"},
    "AlarmsPolicy": {"sns:Publish"},
}
"""What AWS does in the name of a role, or to a resource, because the template says so. The code does none of it."""
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "dynamodb:ListStreams"}
"""Service authorization reference, "Actions defined by ...": no resource can be named."""
SECRET = "a secret of the issuer, long enough for a hash"


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in RESOURCES.items() if one["Type"] == kind}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> str:
    """An ARN with the placeholders of the policies; a resource of the template by its name."""
    if isinstance(resource, dict) and "Fn::GetAtt" in resource:
        name = resource["Fn::GetAtt"][0]
        table = RESOURCES[name]["Properties"].get("TableName")
        return f"arn:aws:dynamodb:REGION:ACCOUNT:table/{named(table)}" if table else str(name)
    text = str(resource if isinstance(resource, str) else resource.get("Fn::Sub", resource.get("Ref")))
    for name, value in NAMES.items():
        text = text.replace(name, value)
    return text


def statements(name: str) -> list[dict[str, Any]]:
    """What a role or the policy of a resource allows, also what depends on a condition."""
    properties = RESOURCES[name]["Properties"]
    document = properties.get("PolicyDocument") or properties["Policies"][0]["PolicyDocument"]
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in document["Statement"]]


def rights(role: str, *services: str) -> set[tuple[str, str]]:
    """What a role may do in these services, except what AWS does in its name."""
    return {
        (action, named(resource))
        for one in statements(role)
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
        if action.partition(":")[0] in services and action not in BY_AWS[role]
    }


@pytest.fixture
def function(
    omnix: Omnix, bedrock: BedrockDouble, cloud: Cloud, watch: Watch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Omnix:
    """The environment of predictions on demand, with a shared workspace; everything is watched."""
    monkeypatch.setenv("OMNIX_SHARED_WORKSPACE", f"{cloud.bucket.address}/WORKSPACE")
    monkeypatch.setenv("OMNIX_BEDROCK__ENDPOINT_URL", bedrock.url)
    monkeypatch.setenv("OMNIX_BEDROCK__PSEUDONYM_SECRET", SECRET)
    monkeypatch.setenv("OMNIX_BEDROCK__READ_TIMEOUT_SECONDS", "5")
    monkeypatch.setenv("OMNIX_PRIVACY__CONSENT_AI_ANALYSIS", "true")
    write_shop(tmp_path)
    return omnix


@pytest.fixture
def watch(store: TableStore, ministack: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Has the handlers use their tables through a watch."""
    with Watch(ministack, store.stage) as proxy:  # type: ignore[attr-defined]
        monkeypatch.setenv("OMNIX_STORE__ENDPOINT_URL", proxy.url)
        yield proxy


def test_the_template_is_valid() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run([program, FILE], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found.stderr


def test_order_events(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    order_events.handler(queue(ORDER, {**LATER, "status": "cancelled"}), Context())
    asked = iter((ALWAYS, NEVER))
    real = StoreTombstones.welcome_from

    def forgotten_meanwhile(*arguments: Any, **options: Any) -> str:
        real(*arguments, **options)
        return next(asked)

    monkeypatch.setattr(StoreTombstones, "welcome_from", forgotten_meanwhile)
    order_events.handler(queue({**ORDER, "id": "R-9"}), Context())
    assert watch.used == rights("OrderRole", "dynamodb")


def test_purchase_events(watch: Watch) -> None:
    for event in (queue(LINE, {**LINE, "unitPrice": -1}), queue(LINE)):
        purchase_events.handler(event, Context())
    assert watch.used == rights("PurchaseRole", "dynamodb")


def test_the_http_api(watch: Watch, store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SECRET": SECRET, "ISSUER": "shop", "AUDIENCE": "omnix"}.items():
        monkeypatch.setenv(f"OMNIX_API__{name}", value)
    store.create_tables(("products",))
    store.put_many("products", [{"id": "milk", "name": "Milk"}])
    entry = {"productId": "milk", "productName": "Milk", "score": 1, "reason": "r", "tags": [], "rank": 1}
    for key in ("zoe#homepage", "similar#milk", "trending#all", "seasonal#spring"):
        store.put_many("recommendations", [{"id": key, "recommendations": [entry], "status": "active"}])
    claims = {"iss": "shop", "aud": "omnix", "sub": "shop", "scope": "omnix:service", "exp": int(time.time()) + 60}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    purchase = {"productId": "milk", "unitPrice": 1.1}
    seen = {"productId": "milk", "interactionType": "view", "id": "i-1"}
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/v1/customers/register", {"customerId": "zoe"}),
        ("GET", "/v1/customers/zoe/profile", None),
        ("PATCH", "/v1/customers/zoe/preferences", {"brandPreferences": ["Alp"]}),
        ("POST", "/v1/customers/zoe/purchases", purchase),
        ("GET", "/v1/customers/zoe/purchases", None),
        ("POST", "/v1/customers/zoe/interactions", seen),
        ("POST", "/v1/customers/zoe/interactions", seen),
        ("GET", "/v1/customers/zoe/interactions", None),
        ("GET", "/recommendations/customers/zoe", None),
        ("GET", "/recommendations/customers/nobody", None),
        ("GET", "/recommendations/products/milk/similar", None),
        ("GET", "/recommendations/products/tea/similar", None),
        ("GET", "/recommendations/trending", None),
        ("GET", "/recommendations/seasonal", None),
        ("POST", "/recommendations/feedback", {"customerId": "zoe", "status": "clicked"}),
        ("GET", "/v1/customers/zoe/consumption-predictions", None),
        ("GET", "/v1/customers/zoe/replenishment-alerts", None),
        ("GET", "/readyz", None),
    ]
    for method, path, body in calls:
        answered = gateway.handler(request(method, path, token=token, body=body), Context())
        assert answered["statusCode"] < 500, (path, answered["body"])
    expired = {"id": "i-2", "customerId": "zoe", "ttl": 1, "timestamp": "2020-01-01T00:00:00.000Z", "productId": "milk"}
    store.put_many("product-interactions", [expired])
    again = request("POST", "/v1/customers/zoe/interactions", token=token, body={**seen, "id": "i-2"})
    gateway.handler(again, Context())
    StoreTombstones(store).bury("zoe", key=b"k" * 32, now=present())
    store.delete_many("customer-profiles", ["zoe"])
    gateway.handler(request("POST", "/v1/customers/register", token=token, body={"customerId": "zoe"}), Context())
    assert watch.used == rights("ApiRole", "dynamodb")


def test_the_job_may_do_what_its_policy_allows() -> None:
    assert rights("JobRole", "dynamodb", "s3") == allowed("nightly-job")


def test_predictions_on_demand(
    function: Omnix, bedrock: BedrockDouble, cloud: Cloud, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (("import", "products", "products.csv"), ("import", "purchases", "purchases.csv"), ("run",)):
        assert function(*command).code == 0
    leave_behind(cloud.bucket)
    monkeypatch.setenv("OMNIX_S3__LEFTOVER_HOURS", "0.000001")
    container.settings.cache_clear()
    cloud.seen.clear()
    watch.used.clear()
    with pytest.raises(LockedError), Workspace.open(container.settings(), now=container.present).lock("run"):
        predictions_on_demand.handler({"customers": ["c01"]}, Context(60_000))
    found = predictions_on_demand.handler({"customers": ["c01", "c02"]}, Context(60_000))
    assert len(found["predictions"]) > 2
    asked = {right for one in bedrock.requests for right in bedrock_rights(one)}
    assert {action for action, _ in asked} == {action for action, _ in rights("DemandRole", "bedrock")}
    assert cloud.used | watch.used == rights("DemandRole", "dynamodb", "s3")


def test_whatever_is_allowed_is_needed() -> None:
    recorded = {"OrderRole", "PurchaseRole", "ApiRole", "DemandRole", "JobRole"}
    kinds = ("AWS::IAM::Role", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    assert {name for kind in kinds for name in of_type(kind)} == BY_AWS.keys()
    for name, needed in BY_AWS.items():
        allows = {action for one in statements(name) for action in listed(one["Action"])}
        services = ("bedrock", "dynamodb", "s3") if name in recorded else ()  # compared with calls by the tests above
        assert needed == {action for action in allows if action in needed or action.partition(":")[0] not in services}
        assert not any("*" in action for action in allows)
        for one in statements(name):
            assert one["Effect"] == "Allow"
            if "*" in listed(one["Resource"]):
                assert set(listed(one["Action"])) <= WITHOUT_RESOURCE
            if "Principal" in one:
                assert "aws:SourceArn" in str(one["Condition"]) or "aws:SourceAccount" in str(one["Condition"])
    for name, one in of_type("AWS::Lambda::Permission").items():
        assert one["Principal"] != "*" or RESOURCES[name]["Condition"] == "HasUrl"


def test_functions_run_as_published_versions_with_a_snapshot() -> None:
    for name, one in of_type("AWS::Lambda::Function").items():
        if one.get("PackageType") == "Image":  # has no snapshots
            continue
        kind = name.removesuffix("Function")
        assert one["SnapStart"] == {"ApplyOn": "PublishedVersions"}
        version, alias = (RESOURCES[f"{kind}{part}"]["Properties"] for part in ("Version", "Alias"))
        assert "${Release}" in version["Description"]["Fn::Sub"]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [f"{kind}Version", "Version"]}
    callers = [*of_type("AWS::Lambda::EventSourceMapping").values(), *of_type("AWS::Lambda::Permission").values()]
    assert {one["FunctionName"]["Ref"] for one in callers} == {"OrderAlias", "PurchaseAlias", "ApiAlias"}
    (url,) = of_type("AWS::Lambda::Url").values()
    assert url["Qualifier"] == RESOURCES["ApiAlias"]["Properties"]["Name"]
    (integration,) = of_type("AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationUri"] == {"Ref": "ApiAlias"}


def test_the_archives_are_for_the_runtime_of_the_template() -> None:
    text = (FILE.parents[2] / "deploy" / "lambda_archives.py").read_text()
    (python,) = re.findall(r'--python", default="([\d.]+)"', text)
    runtimes = {one.get("Runtime") for one in of_type("AWS::Lambda::Function").values()} - {None}
    assert runtimes == {f"python{python}"}
    assert f"aws-lambda-python:{python}" in (FILE.parents[2] / "deploy" / "Dockerfile").read_text()


def test_the_handlers_exist_and_log_where_the_template_says() -> None:
    groups = [named(one["LogGroupName"]) for one in of_type("AWS::Logs::LogGroup").values()]
    for function in of_type("AWS::Lambda::Function").values():
        handler = function.get("Handler") or function["ImageConfig"]["Command"][0]
        module, _, name = handler.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
        assert f"/aws/lambda/{named(function['FunctionName'])}" in groups
    assert all(one["RetentionInDays"] == {"Ref": "LogDays"} for one in of_type("AWS::Logs::LogGroup").values())


def test_the_alarms_watch_metrics_that_the_handlers_print(
    store: TableStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for handlers in (order_events, purchase_events):
        handlers.handler(queue({}), Context())
    monkeypatch.setenv("OMNIX_STORE__STAGE", new_stage())  # without tables
    for cached in CACHES:
        cached.cache_clear()
    order_events.handler(queue({**ORDER, "id": "R-2"}), Context())
    purchase_events.handler(queue(LINE, ids={0: "m7"}), Context())
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    emitted = {
        (directive["Namespace"], metric["Name"], tuple((name, line[name]) for name in directive["Dimensions"][0]))
        for line in printed
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    own = [one for one in of_type("AWS::CloudWatch::Alarm").values() if not one["Namespace"].startswith("AWS/")]
    assert emitted == {
        (one["Namespace"], one["MetricName"], tuple((part["Name"], part["Value"]) for part in one["Dimensions"]))
        for one in own
    }


def test_every_source_takes_partial_answers_and_every_queue_has_dead_letters() -> None:
    sources = of_type("AWS::Lambda::EventSourceMapping")
    assert all(one["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for one in sources.values())
    queues = of_type("AWS::SQS::Queue")
    for name in ("OrderQueue", "PurchaseQueue"):
        letters = queues[name]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert letters in queues
        function = RESOURCES[name.replace("Queue", "Function")]["Properties"]
        assert queues[name]["VisibilityTimeout"] >= 6 * function["Timeout"], "the Lambda guide asks for six times"
