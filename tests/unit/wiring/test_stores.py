"""The stores that the settings name."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import Settings
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.wiring.stores import store_factory, table_store, uploader, with_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_default_is_a_file_in_the_workspace(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path / "ws")
    with closing(table_store(settings, now=lambda: NOW)) as store, closing(store):
        assert isinstance(store, SqliteStore)
        store.create_tables()
    assert [file.name for file in (tmp_path / "ws").iterdir()] == ["store.sqlite"]
    with closing(store_factory(settings, now=lambda: NOW).administration()) as tables:
        assert all(not state.differences for state in tables.states())


def test_another_kind_needs_only_another_name(tmp_path: Path, aws_environment: None) -> None:
    settings = with_store(Settings(workspace=tmp_path), "dynamodb")
    with closing(table_store(settings, now=lambda: NOW)) as store:
        assert store.traits.bills_capacity


def test_an_unknown_kind_is_a_configuration_error(tmp_path: Path) -> None:
    settings = with_store(Settings(workspace=tmp_path), "oracle")
    with pytest.raises(ConfigError, match="choose one of: sqlite, dynamodb"):
        table_store(settings, now=lambda: NOW)


def test_an_upload_needs_the_address_of_an_object() -> None:
    with pytest.raises(ConfigError, match="not the address of an object"):
        uploader(Settings(), "s3://bucket/folder/")


def test_this_module_alone_loads_no_kind() -> None:
    import subprocess

    code = "import sys, omnix_cli.wiring.stores; print([m for m in sys.modules if m.endswith(('.factory', 'boto3'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
