"""The environment of a function: what its archive holds, and tables of its own in an emulator."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import files
from pathlib import Path
from types import ModuleType

import boto3
import pytest

from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.customer_side import TABLES
from omnix_cli.serving.lambda_handlers import container, gateway, purchase_events
from tests.aws.accounts import new_stage, store_maker

ROOT = Path(__file__).parents[3]
CACHES = (
    container.settings,
    container.customer_side,
    purchase_events.client,
    purchase_events._once,
    gateway._application,
)


@pytest.fixture(scope="session")
def archives() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lambda_archives", ROOT / "deploy" / "lambda_archives.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def unpacked(archives: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The archives as Lambda unpacks them, with the packages of this environment; what both have is there once."""
    events, more = tmp_path_factory.mktemp("events"), tmp_path_factory.mktemp("more")
    for folder, packages in ((events, archives.EVENTS), (more, set(archives.API) - set(archives.EVENTS))):
        for package in packages:
            for file in files(package) or ():
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    (folder / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file.locate(), folder / file)
        archives.prune(folder)
    archives.add_omnix(events)
    return {"events": [events], "api": [events, more]}


@pytest.fixture
def store(ministack: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TableStore]:
    """The tables of the function."""
    stage = new_stage()
    variables = {"STORE__KIND": "dynamodb", "STORE__STAGE": stage, "STORE__ENDPOINT_URL": ministack}
    for name, value in variables.items():
        monkeypatch.setenv(f"OMNIX_{name}", value)
    remembered(ministack, f"omnix-ai-idempotency-{stage}")
    for cached in CACHES:
        cached.cache_clear()
    with closing(store_maker(ministack, stage=stage)()) as opened:
        opened.create_tables(TABLES)
        yield opened
    if container.customer_side.cache_info().currsize:
        container.customer_side().store.close()
    if purchase_events.client.cache_info().currsize:
        purchase_events.client().close()
    for cached in CACHES:
        cached.cache_clear()


def remembered(url: str, table: str) -> None:
    """Creates the table of the messages that were applied."""
    with closing(boto3.client("dynamodb", region_name="us-east-1", endpoint_url=url)) as client:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
