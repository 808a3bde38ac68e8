"""The store of an AWS account, made from the settings."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ItemsRefused
from omnix_cli.settings import Settings, StoreSettings
from omnix_cli.stores.dynamodb.factory import Factory, write_pacing
from tests.aws.accounts import new_stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_rejected_items_are_kept_in_the_workspace(tmp_path: Path, aws_environment: None, ministack: str) -> None:
    store_settings = StoreSettings(kind="dynamodb", endpoint_url=ministack, stage=new_stage())
    factory = Factory(Settings(workspace=tmp_path, store=store_settings), now=lambda: NOW)
    with closing(factory.store()) as store, closing(factory.administration()):
        store.create_tables()
        with pytest.raises(ItemsRefused, match="rejects the item `a`") as caught:
            store.put_many("purchase-history", [{"id": "a", "review": "x" * 410_000}, {"id": "b"}])
        assert [item["id"] for item in store.scan("purchase-history")] == ["b"]
    (letters,) = (tmp_path / "dead_letters").iterdir()
    assert str(letters) in str(caught.value.hint)


def test_the_settings_say_how_fast_to_write() -> None:
    pacing = write_pacing(StoreSettings(max_write_units=500, start_write_units=100))
    assert pacing.pace(dict).rate == 100
    assert str(pacing.limit(dict)) == "at most 500 write units a second (as set)"
