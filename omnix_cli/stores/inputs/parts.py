"""Inputs that are not simply files: a member of an archive, a sheet of a workbook, a version of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import IO, Any

from omnix_cli.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """An input within a container. `identity`, if given, is its fingerprint; otherwise that is the SHA-256 of the
    bytes that `open` gives."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    identity: Callable[[], str] | None = None
    findings: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the mapping that do not apply to the bytes of this part, with the values that do."""
    table: str = ""
    """The identity of the table that this is a version of."""


def load(extra: str, *modules: str) -> list[Any]:
    """Modules of a library that only some inputs need: an extra of the package. Raises `ConfigError` when it is not
    installed."""
    try:
        return [import_module(module) for module in modules]
    except ModuleNotFoundError as error:
        message = f"this input needs the package {error.name}"
        raise ConfigError(message, hint=f"Install it: pip install 'omnix-cli[{extra}]'") from error
