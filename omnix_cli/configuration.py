"""Reading the settings from defaults, a configuration file, the environment and flags, and where each comes from."""

from __future__ import annotations

import difflib
import json
import logging
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.safe_text.printing import is_whole
from omnix_cli.settings import Section, Settings, dump

_log = logging.getLogger(__name__)
_ENVIRONMENT = "environment"
_REMOVED = {"engine.kind": "there is one engine; delete it"}
"""Settings of earlier releases, and what to do about them. They are ignored with a warning."""
_REPLACED = {
    "prediction.urgent_confidence": "prediction.urgent_probability, the chance of a purchase within urgent_days",
    "prediction.upcoming_confidence": "prediction.upcoming_probability, the chance of a purchase within upcoming_days",
}
"""Settings of earlier releases whose value meant something else, and what to set instead."""


@dataclass(frozen=True)
class Origin:
    """The value of a setting, and where it comes from."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class LoadedSettings:
    """The settings, and the origin of each value."""

    values: Settings
    origins: tuple[Origin, ...]


def load_settings(
    *, file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> LoadedSettings:
    """Merges defaults, a TOML file, `OMNIX_*` variables and flags (dotted names), in this order, and validates.

    A variable is named after the setting, sections joined by two underscores: OMNIX_SIMILARITY__MIN_SUPPORT=5.
    Raises `ConfigError` naming the key, where it was set, and the nearest known key.
    """
    sources: dict[str, str] = {}
    given: dict[str, Any] = {}
    for source, values in (
        (str(file), _from_file(file) if file else {}),
        (_ENVIRONMENT, _from_environment(environment)),
        ("flag", flags or {}),
    ):
        for name, value in values.items():
            if name in _REMOVED:
                _log.warning("%s is no longer a setting: %s", _written(name, source), _REMOVED[name])
                continue
            _check_known(name, source)
            given[name] = value
            sources[name] = _variable(name) if source == _ENVIRONMENT else source
    try:
        settings = Settings.model_validate(_nested(given))
    except ValidationError as error:
        raise _invalid(error, sources) from error
    origins = (Origin(name, value, sources.get(name, "default")) for name, value in _flat(dump(settings)).items())
    return LoadedSettings(settings, tuple(origins))


def _from_file(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the configuration {file} cannot be read: {error.strerror}"
        raise ConfigError(message, hint="Check --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the configuration {file} is not valid TOML: {error}", hint="Fix that line.") from error
    return _flat(content)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    ours = {name: text for name, text in sorted(environment.items()) if name.startswith("OMNIX_")}
    for variable, text in ours.items():
        if not is_whole(variable + text):
            raise ConfigError(f"the variable {variable} is not UTF-8", hint="Set it again, in UTF-8.")
    ours.pop("OMNIX_CONFIG", None)
    return {name.removeprefix("OMNIX_").lower().replace("__", "."): _parsed(text) for name, text in ours.items()}


def _parsed(text: str) -> Any:
    """Lists and tables are written as JSON; everything else is text."""
    with suppress(ValueError):
        return json.loads(text) if text[:1] in ("[", "{") else text
    return text


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted names; only sections are opened, so a setting may itself hold a table."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in SETTING_NAMES:
            flat.update(_flat(value, f"{name}."))
        else:
            flat[name] = value
    return flat


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, key = name.split(".")
        target = nested
        for section in sections:
            target = target.setdefault(section, {})
        target[key] = value
    return nested


def _setting_names(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _setting_names(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


SETTING_NAMES = tuple(_setting_names(Settings))


def _is_secret(name: str) -> bool:
    """Whether a setting, or what a part of it belongs to, is a secret."""
    section: type[BaseModel] = Settings
    for key in name.split("."):
        field = section.model_fields.get(key)
        annotation = field and field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
        else:
            return SecretStr in (annotation, *get_args(annotation))
    return False


def _check_known(name: str, source: str) -> None:
    if name in SETTING_NAMES:
        return
    if name in _REPLACED:
        message = f"{_written(name, source)} is no longer a setting"
        raise ConfigError(message, hint=f"Set {_REPLACED[name]}.")
    close = difflib.get_close_matches(name, SETTING_NAMES, n=1)
    hint = f"Did you mean {close[0]}?" if close else "`omnix config show` lists all settings."
    raise ConfigError(f"unknown setting: {_written(name, source)}", hint=hint)


def _written(name: str, source: str) -> str:
    """A setting as the user wrote it, and where."""
    return _variable(name) if source == _ENVIRONMENT else f"{name} ({source})"


def _variable(name: str) -> str:
    return f"OMNIX_{name.upper().replace('.', '__')}"


def _invalid(error: ValidationError, sources: Mapping[str, str]) -> ConfigError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    source = next((origin for name, origin in sources.items() if where.startswith(name)), "settings")
    value = "***" if _is_secret(where) else repr(first["input"])
    return ConfigError(
        f"{where} = {value} ({source}): {first['msg'].removeprefix('Value error, ')}",
        hint="`omnix config show` lists the settings.",
    )
