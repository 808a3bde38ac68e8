"""Places: where items come from and go to, as commands name it.

A place is a list of texts: none for the store of the settings; a kind of store (`dynamodb`) and NAME=VALUE for the
settings in which another store differs from it; or one folder of an export, on disk or at s3://bucket/prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.migrations.bulk_loading import BulkTarget
from omnix_cli.services.migrations.sides import Source, Take, Target
from omnix_cli.settings import StoreSettings
from omnix_cli.store_kinds import FACTORIES
from omnix_cli.stores.dynamodb.client.service import Pace
from omnix_cli.stores.dynamodb.factory import dynamodb_service, write_pacing
from omnix_cli.stores.migrations.archives import Archive
from omnix_cli.stores.migrations.journal import Journals
from omnix_cli.stores.s3.folders import s3_folder
from omnix_cli.stores.s3.prefix import SCHEME
from omnix_cli.stores.workspace.folders import DiskFolder, Folder
from omnix_cli.wiring.stores import table_store
from omnix_cli.wiring.workspaces import Workspace

_SETTING = re.compile(r"([a-z_]+)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A store that differs from the one of the settings by these values, or the folder of an export."""

    settings: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None


def parse_place(texts: str | Sequence[str]) -> Place:
    """The place that the values of a flag name. Raises `ConfigError` for an unknown setting, and for a folder that is
    not the only value."""
    values = [texts] if isinstance(texts, str) else list(texts)
    settings: dict[str, str] = {}
    for text in values:
        setting = _SETTING.fullmatch(text)
        if text in FACTORIES:
            settings["kind"] = text
        elif setting and setting[1] not in StoreSettings.model_fields:
            hint = suggestion(setting[1], list(StoreSettings.model_fields), what="Settings of a store")
            raise ConfigError(f"{text!r} is not a setting of a store", hint=hint)
        elif setting:
            settings[setting[1]] = setting[2]
        elif len(values) > 1:
            raise ConfigError(f"{text!r} is neither a store nor a setting", hint=_what_a_store_is(text))
    return Place(settings) if settings or not values else Place(folder=values[0])


@dataclass(frozen=True)
class Places:
    """Opens the places that are named in a workspace."""

    workspace: Workspace

    @contextmanager
    def source(self, texts: str | Sequence[str]) -> Iterator[Source]:
        """A store or an export, to read from."""
        place = parse_place(texts)
        if place.folder is not None:
            check_folder(place.folder)
            archive = Archive(self.folder(place.folder))
            yield Source(archive, tables=archive.tables, bills_capacity=False)
            return
        settings = self.settings(place)
        with closing(self.store(settings)) as store:
            segments = settings.segments if "segments" in place.settings or store.traits.scans_in_parallel else 1
            pace = partial(_take_at_most, settings.max_read_units)
            yield Source(store, segments, pace=pace, bills_capacity=store.traits.bills_capacity)

    @contextmanager
    def target(self, texts: str | Sequence[str]) -> Iterator[Target]:
        """A store, to write to."""
        settings = self.settings(parse_place(texts))
        with closing(self.store(settings)) as store:
            yield Target(store, settings)

    def bulk_target(self, texts: str | Sequence[str], address: str) -> BulkTarget:
        """The DynamoDB that loads the files at an address."""
        settings = self.settings(parse_place(texts))
        connect = partial(dynamodb_service, settings, now=self.workspace.now)
        folder = self.folder(f"{address.rstrip('/')}/data")
        return BulkTarget(settings, write_pacing(settings), connect, address, folder)

    def folder(self, address: str) -> Folder:
        """A folder on disk or on S3. Raises `ConfigError` for any other address."""
        if address.startswith(SCHEME):
            return s3_folder(address, self.workspace.settings.s3)
        if "://" in address or parse_place(address).folder is None:
            raise ConfigError(f"{address} is not a folder", hint="Name a folder on disk, or s3://bucket/prefix.")
        return DiskFolder(Path(address).absolute())

    def settings(self, place: Place) -> StoreSettings:
        """The settings of a store: those of the workspace, except for what the place names."""
        if place.folder is not None:
            raise ConfigError(f"{place.folder!r} is not a store", hint=_what_a_store_is(place.folder))
        base = self.workspace.settings.store
        path = base.path or self.workspace.folder / "store.sqlite"
        values: dict[str, Any] = {**base.model_dump(), "path": str(path.absolute()), **place.settings}
        try:
            return StoreSettings.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"{first['loc'][0]}={first['input']}: {first['msg'].removeprefix('Value error, ')}"
            raise ConfigError(message, hint="See [store] in `omnix config show`.") from error

    def store(self, settings: StoreSettings) -> TableStore:
        """The store that these settings name."""
        changed = self.workspace.settings.model_copy(update={"store": settings})
        return table_store(changed, now=self.workspace.now)

    def journals(self) -> Journals:
        """The journals of the workspace's copies; they stay on this machine even when the workspace is on S3."""
        return Journals(self.workspace.folder / "migrations", self.workspace.now)


def _take_at_most(units: float | None) -> Take | None:
    """What limits reading to so many units a second."""
    return None if units is None else Pace(limit=units).take


def check_folder(address: str) -> None:
    """Raises `ConfigError` for a word that names no folder: it may be a misspelt store."""
    if "/" not in address and not Path(address).exists():
        message = f"{address!r} is neither a store, nor a setting of one, nor a folder"
        raise ConfigError(message, hint=_what_a_store_is(address))


def _what_a_store_is(text: str) -> str:
    near = get_close_matches(text, [*FACTORIES, *(f"{name}=" for name in StoreSettings.model_fields)], n=1)
    guess = f"Did you mean `{near[0]}`? " if near else ""
    return f"{guess}Name a store ({', '.join(FACTORIES)}) or settings of one as NAME=VALUE, such as stage=test."
