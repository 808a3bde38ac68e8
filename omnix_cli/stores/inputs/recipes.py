"""Mapping recipes: the files `configs/mappings/*.toml`, with one table for each kind of input."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import INPUT_KINDS, ColumnMapping, parse_mapping, suggestion
from omnix_cli.settings import SourceSettings

_PACKAGE = Path(__file__).resolve().parents[2]
FOLDERS = (_PACKAGE / "configs" / "mappings", _PACKAGE.parent / "configs" / "mappings")
"""The folders of recipes in an installed package and in a checkout."""


def load_mapping(kind: str, recipe: str | None = None, columns: Mapping[str, str] | None = None) -> ColumnMapping:
    """The mapping for a kind of input: a recipe by name or path (by default `omnix`, for orders `orders`), with single
    columns (`--map canonical=column`) replaced. Raises `ConfigError` for what does not exist."""
    if kind not in INPUT_KINDS:
        raise ConfigError(f"`{kind}` cannot be imported", hint=suggestion(kind, INPUT_KINDS, what="These can"))
    name = recipe or ("orders" if kind == "orders" else "omnix")
    path = _find(name)
    content = _load(path)
    if unknown := next((table for table in content if table not in INPUT_KINDS), None):
        raise ConfigError(f"{path}: unknown table [{unknown}]", hint=suggestion(unknown, INPUT_KINDS, what="Known"))
    if kind not in content:
        raise ConfigError(f"the recipe `{name}` has no table [{kind}]", hint=f"It has {', '.join(content) or 'none'}.")
    where = f"{path} [{kind}]"
    return parse_mapping(kind, content[kind], where=where, recipe=recipe or "").with_columns(columns or {})


def source_mapping(source: SourceSettings) -> ColumnMapping:
    """The mapping of a source of the settings."""
    recipe = load_mapping(source.kind, source.mapping)
    mapping = recipe.changed(columns=source.map, constants=source.set, encoding=source.encoding)
    mapping = mapping.choosing(source.sheet, source.at)
    return mapping if source.day_first is None else mapping.model_copy(update={"day_first": source.day_first})


@dataclass(frozen=True)
class KnownRecipe:
    """A recipe that comes with omnix: its name, the kinds of input that it reads, and what it is for."""

    name: str
    kinds: str
    what: str


def known_recipes() -> tuple[KnownRecipe, ...]:
    """The recipes that come with omnix, by name. What they are for is the first sentence of their file."""
    return tuple(
        KnownRecipe(name, ", ".join(_load(path)), _first_sentence(path))
        for name in recipe_names()
        for path in (_find(name),)
    )


def _first_sentence(path: Path) -> str:
    lines = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line.lstrip("# ") for line in lines).partition(". ")[0].rstrip(".") + "."


def recipe_names() -> list[str]:
    """The recipes that come with omnix."""
    return sorted({path.stem for folder in FOLDERS for path in folder.glob("*.toml")})


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    for folder in FOLDERS:
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise ConfigError(f"there is no mapping `{name}`", hint=suggestion(name, recipe_names(), what="Recipes"))


def _load(path: Path) -> dict[str, dict[str, object]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the mapping {path} cannot be read: {error}", hint="Fix that line.") from error
