"""How items change when a table is copied: a TOML file with one section a table.

    [purchase-history]
    key_prefix = "shop2-"                     # put before the key
    rename = { client = "customerId" }        # old attribute = new attribute
    drop = ["debug"]
    set = { storeLocation = "Lyon" }          # the same value for every item

Attributes are dropped first, then renamed, then set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.settings import Section, dump
from omnix_cli.stores.tables.specs import TABLES, TableSpec


def _storable(value: Any) -> Any:
    if isinstance(value, date | time):
        raise ValueError(f"{value} is a date, and items have no dates: write it as text")
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _storable(part)
    return value


class RewriteRules(Section):
    """The rules for one table."""

    key_prefix: str = ""
    rename: dict[str, Annotated[str, Field(min_length=1)]] = {}
    drop: tuple[str, ...] = ()
    set: dict[str, Annotated[Any, AfterValidator(_storable)]] = {}


@dataclass(frozen=True)
class ItemRewrite:
    """Applies the rules to the items of a table; without rules, items stay as they are. Unequal keys stay unequal."""

    key: str
    rules: RewriteRules | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether items stay as they are."""
        return self.rules is None

    def apply(self, item: Mapping[str, Any]) -> dict[str, Any]:
        rules = self.rules
        if rules is None:
            return dict(item)
        kept = {name: value for name, value in item.items() if name not in rules.drop}
        renamed = {rules.rename.get(name, name): value for name, value in kept.items()}
        if len(renamed) < len(kept):
            message = f"in the item {item[self.key]!r}, a renamed attribute would overwrite another one"
            raise DataError(message, hint="Drop one of the two in the rewrite file.")
        return renamed | rules.set | {self.key: rules.key_prefix + item[self.key]}

    def as_json(self) -> dict[str, Any] | None:
        """The rules as plain JSON values."""
        return dump(self.rules) if self.rules else None

    def source_key(self, key: str) -> str:
        """The key in the source that becomes this key in the target."""
        return key.removeprefix(self._prefix)

    def is_target_key(self, key: str) -> bool:
        """Whether a rewritten item can have this key."""
        return key.startswith(self._prefix)

    @property
    def _prefix(self) -> str:
        return self.rules.key_prefix if self.rules else ""


def load_rewrites(file: str | Path | None) -> dict[str, ItemRewrite]:
    """The rewrite of every table; without a file, or for a table that it does not name, items stay as they are. Raises
    `ConfigError` for a file that cannot be used."""
    rewrites = {name: ItemRewrite(spec.key) for name, spec in TABLES.items()}
    for table, content in (_read(Path(file)) if file else {}).items():
        if table not in TABLES:
            raise ConfigError(f"{file}: there is no table {table!r}", hint=f"Tables: {', '.join(TABLES)}.")
        try:
            rules = RewriteRules.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in (table, *first["loc"]))
            hint = "The rules are key_prefix, rename, drop and set."
            raise ConfigError(f"{file}: {where}: {first['msg'].removeprefix('Value error, ')}", hint=hint) from error
        _check(rules, TABLES[table], file)
        rewrites[table] = ItemRewrite(TABLES[table].key, rules)
    return rewrites


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = "Check its path and that line."
        raise ConfigError(f"the rewrite file {file} cannot be read: {error}", hint=hint) from error


def _check(rules: RewriteRules, spec: TableSpec, file: str | Path | None) -> None:
    """Refuses rules that would lose an item, or an attribute that is not dropped by name."""
    touched = (*rules.rename, *rules.rename.values(), *rules.drop, *rules.set)
    if spec.key in touched:
        raise ConfigError(f"{file}: {spec.name}: the key {spec.key} cannot be changed", hint="Give it a key_prefix.")
    if twice := {name for name in touched if touched.count(name) > 1}:
        raise ConfigError(f"{file}: {spec.name}: {min(twice)} is named twice", hint="Give each attribute one rule.")
    for name in spec.index_attributes:
        value = rules.set.get(name, "text")
        if not (isinstance(value, str) and value):
            raise ConfigError(f"{file}: {spec.name}.{name} must be a text", hint="An index uses it.")
