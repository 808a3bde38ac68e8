"""The embedded store, made from the settings."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from omnix_cli.settings import Settings, StoreSettings
from omnix_cli.stores.sqlite.factory import Factory

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_store_and_its_administration_share_the_file(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, store=StoreSettings(path=tmp_path / "shop.sqlite", stage="test"))
    factory = Factory(settings, now=lambda: NOW)
    with closing(factory.store()) as store, closing(factory.administration()) as tables:
        tables.complete()
        assert store.missing_tables() == []
    assert {state.full_name for state in tables.states()} >= {"omnix-ai-products-test"}
    assert (tmp_path / "shop.sqlite").exists()


def test_a_whole_table_is_one_input(tmp_path: Path) -> None:
    with Factory(Settings(workspace=tmp_path), now=lambda: NOW).whole_table("purchase-history") as sources:
        assert sources.find([]) == ["sqlite:omnix-ai-purchase-history-dev"]
