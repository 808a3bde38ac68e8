"""The archive in a Lambda of an emulator, between its queues: what is good is stored, what is poison ends in the
dead-letter queue."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE
from tests.aws.accounts import ENVIRONMENT
from tests.integration.lambda_handlers.recorded_events import bus
from tests.integration.lambda_handlers.test_events import LINE, ORDER

ROLE = "arn:aws:iam::000000000000:role/omnix"
SECONDS = 40.0


@pytest.fixture
def account(ministack: str, store: TableStore) -> Iterator[dict[str, Any]]:
    """Connections to the services of the emulator, by name."""
    with ExitStack() as opened:
        names = ("lambda", "sqs")
        yield {
            name: opened.enter_context(closing(boto3.client(name, region_name="us-east-1", endpoint_url=ministack)))
            for name in names
        }


def code(module: str, archive: Path) -> bytes:
    """A function that runs a handler of an archive that is unpacked already: the emulator takes long to unpack it."""
    source = f"import sys\nsys.path.insert(0, {str(archive)!r})\n"
    source += f"from omnix_cli.serving.lambda_handlers.{module} import handler\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("function.py", source)
    return content.getvalue()


@pytest.mark.parametrize(
    ("module", "document"),
    [("order_events", ORDER), ("purchase_events", LINE | {"purchaseDate": "2020-05-02T10:00:05Z"})],
)
def test_from_queue_to_table_and_dead_letters(
    account: dict[str, Any],
    store: Any,
    ministack: str,
    unpacked: dict[str, list[Path]],
    module: str,
    document: dict[str, Any],
) -> None:
    name = f"{module.replace('_', '-')}-{store.stage}"
    sqs, functions = account["sqs"], account["lambda"]
    dead, queue = (sqs.create_queue(QueueName=f"{name}{end}")["QueueUrl"] for end in ("-dead", ""))
    arn = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]) for url in (dead, queue)}
    arns = {url: answer["Attributes"]["QueueArn"] for url, answer in arn.items()}
    redrive = json.dumps({"deadLetterTargetArn": arns[dead], "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "3"})
    settings = {"STORE__KIND": "dynamodb", "STORE__STAGE": store.stage, "STORE__ENDPOINT_URL": ministack}
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="function.handler",
        Timeout=30,
        Code={"ZipFile": code(module, *unpacked["events"])},
        Environment={"Variables": {**ENVIRONMENT, **{f"OMNIX_{one}": value for one, value in settings.items()}}},
    )
    try:
        warm = functions.invoke(FunctionName=name, Payload=json.dumps(bus(document)))
        assert "FunctionError" not in warm, warm["Payload"].read()
        functions.create_event_source_mapping(
            EventSourceArn=arns[queue],
            FunctionName=name,
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        another = json.dumps(document).replace("R-1", "R-2")
        for body in (another, "poison", another):
            sqs.send_message(QueueUrl=queue, MessageBody=body)
        deadline = time.monotonic() + SECONDS
        letters: list[str] = []
        rows: list[str] = []
        while time.monotonic() < deadline and not (letters and len(rows) > 1):
            rows = [item["orderId"] for item in store.scan(PURCHASE_TABLE)]
            received = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            letters += [message["Body"] for message in received.get("Messages", [])]
        assert letters == ["poison"]
        assert sorted(rows) == ["R-1", "R-2"]
    finally:
        functions.delete_function(FunctionName=name)
