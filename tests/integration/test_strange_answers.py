"""Answers that DynamoDB never gives, to every command that asks it: the same is asked again, and none is taken for data
or for a bug in omnix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from omnix_cli.stores.dynamodb.client.service import Retries
from tests.aws.accounts import new_stage, store_maker
from tests.aws.fault_proxy import FaultProxy
from tests.cli.conftest import Omnix, omnix, ran, shop
from tests.integration.test_table_exports import item

__all__ = ["omnix", "ran", "shop"]  # fixtures of the command line

COMMANDS = (
    ("tables", "create"),
    ("tables", "status"),
    ("tables", "drop", "products", "--yes"),
    ("tables", "export", "purchase-history", "--to", "exported"),
    ("tables", "copy", "purchase-history", "--to", "kind=sqlite", "--to", "path=copy.sqlite", "--create"),
    ("tables", "verify", "purchase-history", "--to", "kind=sqlite", "--to", "path=copy.sqlite"),
    ("tables", "backfill"),
    ("import", "purchases", "--from", "dynamodb"),
    ("publish",),
)


@pytest.fixture
def stage(aws_environment: None, ministack: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Tables with some purchases, and settings that name them."""
    own = new_stage()
    settings = {"STAGE": own, "ENDPOINT_URL": ministack, "TABLES__OWN_PRODUCTS": "true", "KIND": "dynamodb"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
    monkeypatch.setattr(Retries, "wait", lambda self, attempt, *, throttled: None)
    with closing(store_maker(ministack, stage=own)()) as store:
        store.create_tables()
        store.put_many("purchase-history", map(item, range(20)))
    yield own


def test_a_service_that_only_answers_strangely_is_unavailable(
    ran: Omnix, stage: str, ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultProxy(ministack, share=1.0, faults=("strange",), seed=5) as proxy:
        monkeypatch.setenv("OMNIX_STORE__ENDPOINT_URL", proxy.url)
        for transport, commands in (("signed", COMMANDS), ("boto3", COMMANDS[-2:])):
            monkeypatch.setenv("OMNIX_STORE__TRANSPORT", transport)
            for command in commands:
                answer = ran(*command)
                assert (answer.code, command) == (4, command), answer.err
                assert "hint: Try again later" in answer.err


def test_strange_answers_now_and_then_change_nothing(
    ran: Omnix, stage: str, ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultProxy(ministack, share=0.4, faults=("strange",), seed=1) as proxy:
        monkeypatch.setenv("OMNIX_STORE__ENDPOINT_URL", proxy.url)
        monkeypatch.setattr(Retries.__init__, "__defaults__", (40, *(Retries.__init__.__defaults__ or ())[1:]))
        for command in COMMANDS:
            answer = ran(*command)
            assert (answer.code, command) == (0, command), answer.err
        assert proxy.counts["strange"] > 20
