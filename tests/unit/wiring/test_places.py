"""What `--from` and `--to` can name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import Settings, StoreSettings
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.wiring.places import Place, Places, parse_place
from omnix_cli.wiring.workspaces import Workspace
from tests.aws.buckets import TestBucket


def places(folder: Path, **store: object) -> Places:
    settings = Settings(workspace=folder / ".omnix", store=StoreSettings.model_validate(store))
    return Places(Workspace(settings, lambda: datetime(2026, 3, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ([], Place()),
        ("dynamodb", Place({"kind": "dynamodb"})),
        (["sqlite", "path=a=b.sqlite"], Place({"kind": "sqlite", "path": "a=b.sqlite"})),
        (["stage=test", "stage=prod"], Place({"stage": "prod"})),
        ("backup/monday", Place(folder="backup/monday")),
        (["backup"], Place(folder="backup")),
        ("s3://bucket/backup", Place(folder="s3://bucket/backup")),
        ("backup/day=1", Place(folder="backup/day=1")),
    ],
)
def test_a_place_is_a_store_or_a_folder(texts: str | list[str], place: Place) -> None:
    assert parse_place(texts) == place


@pytest.mark.parametrize(
    ("texts", "hint"),
    [
        ("stge=x", "Did you mean `stage`?"),
        (["stage=x", "backup"], "Name a store (sqlite, dynamodb)"),
        (["regon", "stage=x"], "Did you mean `region=`?"),
    ],
)
def test_an_unknown_value_is_refused_with_a_suggestion(texts: str | list[str], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_place(texts)
    assert hint in str(caught.value.hint)


def test_a_place_changes_only_the_settings_it_names(tmp_path: Path) -> None:
    opened = places(tmp_path, stage="test", region="eu-west-1")
    settings = opened.settings(parse_place("kind=dynamodb"))
    assert (settings.kind, settings.stage, settings.region) == ("dynamodb", "test", "eu-west-1")
    assert settings.path == (tmp_path / ".omnix" / "store.sqlite").absolute()


def test_a_value_that_a_setting_cannot_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="segments=0"):
        places(tmp_path).settings(parse_place("segments=0"))


def test_a_sqlite_file_is_read_in_one_segment_unless_more_are_named(tmp_path: Path) -> None:
    opened = places(tmp_path, segments=4)
    with opened.source(()) as source:
        assert source.segments == 1
    with opened.source(["sqlite", "segments=3"]) as source:
        assert source.segments == 3


def test_reading_is_limited_where_the_settings_say_so(tmp_path: Path) -> None:
    with places(tmp_path).source(()) as source:
        assert source.pace() is None
    with places(tmp_path, max_read_units=5).source(()) as source:
        assert source.pace() is not None


def test_a_folder_is_not_a_target_and_a_store_is_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'backup' is not a store"), places(tmp_path).target("backup"):
        raise AssertionError
    for address in ("dynamodb", "stage=test", "gs://bucket/backup"):
        with pytest.raises(ConfigError, match="is not a folder"):
            places(tmp_path).folder(address)


def test_a_word_that_names_no_folder_may_be_a_misspelt_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="neither a store") as caught, places(tmp_path).source("dynamo"):
        raise AssertionError
    assert "`dynamodb`" in str(caught.value.hint)
    (tmp_path / "backup").mkdir()
    with pytest.raises(ConfigError, match="holds no export"), places(tmp_path).source("backup"):
        raise AssertionError


def test_a_folder_can_be_in_a_bucket(tmp_path: Path, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
    assert isinstance(places(tmp_path).folder(f"{bucket.address}/backup"), S3Folder)


def test_bulk_files_are_written_below_the_address(tmp_path: Path) -> None:
    target = places(tmp_path).bulk_target(["dynamodb", "stage=prod"], f"{tmp_path}/load/")
    assert str(target.folder) == f"{tmp_path}/load/data"
    assert (target.settings.kind, target.settings.stage) == ("dynamodb", "prod")
