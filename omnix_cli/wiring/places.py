"""Where items come from and go to, as an operator names it: the folder of an export, or settings of a store.

A place is a list of texts: none for the store of the settings, `name=value` for each of its settings that is another
one, or a single folder, on disk or as s3://bucket/prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.protocols.tables import ItemSource, TableStore
from omnix_cli.services.migrations.segments import Take
from omnix_cli.settings import StoreSettings, dump
from omnix_cli.stores.dynamodb.client.retries import Pace
from omnix_cli.stores.migrations.archives import Archive
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.s3.prefix import SCHEME, connect
from omnix_cli.stores.workspace.folders import DiskFolder, Folder
from omnix_cli.wiring.stores import table_store
from omnix_cli.wiring.workspaces import Workspace

_SETTING = re.compile(r"[a-z_]+=")


@dataclass(frozen=True)
class Origin:
    """Items that can be read, in so many segments and no faster than so many read units a second."""

    items: ItemSource
    segments: int = 1
    max_read_units: float | None = None

    def pace(self) -> Take | None:
        """What keeps to that, if anything has to be kept to."""
        return None if self.max_read_units is None else Pace(limit=self.max_read_units).take


@dataclass(frozen=True)
class Places:
    """The places that can be named in a workspace."""

    workspace: Workspace

    @contextmanager
    def origin(self, place: Sequence[str]) -> Iterator[Origin]:
        """The store or the export of a place."""
        if len(place) == 1 and not _SETTING.match(place[0]):
            yield Origin(Archive(self.folder(place[0])))
            return
        settings = self.settings(place)
        with closing(self.store(settings)) as store:
            yield Origin(store, _segments(store, settings, place), settings.max_read_units)

    def folder(self, address: str) -> Folder:
        """A folder on disk or on S3. Raises `ConfigError` for another place."""
        if address.startswith(SCHEME):
            return S3Folder(connect(address, self.workspace.settings.s3).within(""))
        if "://" in address:
            raise ConfigError(f"{address} is no folder", hint="Name one on disk, or s3://bucket/prefix.")
        return DiskFolder(Path(address).absolute())

    def settings(self, place: Sequence[str]) -> StoreSettings:
        """The store of the settings, in which what the place names is replaced."""
        base = self.workspace.settings.store
        path = base.path or self.workspace.folder / "store.sqlite"
        values: dict[str, Any] = {**dump(base), "path": str(path.absolute())}
        for text in place:
            name, is_given, value = text.partition("=")
            if not is_given:
                raise ConfigError(
                    f"{text!r} is no setting of a store", hint="Write it as NAME=VALUE, such as stage=test."
                )
            if name not in StoreSettings.model_fields:
                hint = suggestion(name, list(StoreSettings.model_fields), what="Settings of a store")
                raise ConfigError(f"{text!r} is no setting of a store", hint=hint)
            values[name] = value
        try:
            return StoreSettings.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"{first['loc'][0]}={first['input']}: {first['msg']}", hint="See [store].") from error

    def store(self, settings: StoreSettings) -> TableStore:
        """The store that these settings name."""
        changed = self.workspace.settings.model_copy(update={"store": settings})
        return table_store(changed, now=self.workspace.now)


def _segments(store: TableStore, settings: StoreSettings, place: Sequence[str]) -> int:
    """As many as are asked for; of a SQLite file, where each one reads all the keys, one unless asked for."""
    asked = any(text.startswith("segments=") for text in place)
    return settings.segments if asked or store.traits.scans_in_parallel else 1
