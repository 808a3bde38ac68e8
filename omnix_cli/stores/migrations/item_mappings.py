"""How items change on their way from one table to another: a TOML file with a table for each table of the store.

    [purchase-history]
    key_prefix = "shop2-"                     # put before the key
    rename = { client = "customerId" }        # attribute as it was = as it is to be
    drop = ["debug"]
    set = { storeLocation = "Lyon" }          # the same value for every item

First what is dropped goes, then what is renamed gets its name, then constants are set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.stores.tables.specs import TABLES, TableSpec


def _storable(value: Any) -> Any:
    if isinstance(value, date | time):
        raise ValueError(f"{value} is no value of an item: write dates as text")
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _storable(part)
    return value


class ItemRules(BaseModel):
    """The rules for one table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_prefix: str = ""
    rename: dict[str, Annotated[str, Field(min_length=1)]] = {}
    drop: tuple[str, ...] = ()
    set: dict[str, Annotated[Any, AfterValidator(_storable)]] = {}


@dataclass(frozen=True)
class ItemMapping:
    """The rules applied to items of a table; None leaves them as they are."""

    key: str
    rules: ItemRules | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether items stay as they are."""
        return self.rules is None

    def apply(self, item: Mapping[str, Any]) -> dict[str, Any]:
        rules = self.rules
        if rules is None:
            return dict(item)
        kept = {name: value for name, value in item.items() if name not in rules.drop}
        mapped = {rules.rename.get(name, name): value for name, value in kept.items()}
        if len(mapped) < len(kept):
            message = f"the item {item[self.key]!r} has an attribute that another one is to be renamed to"
            raise DataError(message, hint="Drop one of them in the mapping.")
        return mapped | rules.set | {self.key: rules.key_prefix + item[self.key]}

    def described(self) -> dict[str, Any] | None:
        """The rules as plain JSON values."""
        return self.rules.model_dump(mode="json") if self.rules else None

    def source_key(self, key: str) -> str:
        return key.removeprefix(self._prefix)

    def is_target_key(self, key: str) -> bool:
        return key.startswith(self._prefix)

    @property
    def _prefix(self) -> str:
        return self.rules.key_prefix if self.rules else ""


def load_item_mappings(file: Path | None) -> dict[str, ItemMapping]:
    """The mapping of every table; without a file, or where it says nothing, items stay as they are.

    Raises `ConfigError` for a file that cannot be used."""
    mappings = {name: ItemMapping(spec.key) for name, spec in TABLES.items()}
    for table, content in (_read(file) if file else {}).items():
        if table not in TABLES:
            raise ConfigError(f"{file}: there is no table {table!r}", hint=f"Tables: {', '.join(TABLES)}.")
        try:
            rules = ItemRules.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (table, *first["loc"]))
            hint = "Known are key_prefix, rename, drop and set."
            raise ConfigError(f"{file}: {place}: {first['msg'].removeprefix('Value error, ')}", hint=hint) from error
        _check(rules, TABLES[table], file)
        mappings[table] = ItemMapping(TABLES[table].key, rules)
    return mappings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"the mapping {file} cannot be read: {error}", hint="Check its path and that line."
        ) from error


def _check(rules: ItemRules, spec: TableSpec, file: Path | None) -> None:
    """Refuses what would lose an item or an attribute without anybody having asked for it."""
    touched = (*rules.rename, *rules.rename.values(), *rules.drop, *rules.set)
    if spec.key in touched:
        raise ConfigError(f"{file}: the key {spec.key} of {spec.name} stays", hint="It can be given a key_prefix.")
    twice = {name for name in touched if touched.count(name) > 1}
    if twice:
        raise ConfigError(f"{file}: {spec.name}: {min(twice)} is named twice", hint="One rule for each attribute.")
    for name in spec.index_attributes:
        value = rules.set.get(name, "text")
        if not (isinstance(value, str) and value):
            raise ConfigError(f"{file}: {spec.name}.{name} must be a text", hint="An index is made of it.")
