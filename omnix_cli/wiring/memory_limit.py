"""The memory that the settings allow: for the whole process, and for the work of one step."""

from __future__ import annotations

import re

from omnix_cli.errors import ConfigError
from omnix_cli.services.runs.expectations import BASE_BYTES
from omnix_cli.settings import EngineSettings

_DEFAULT_BYTES = 4 << 30
"""What the work of a step aims at if the settings do not say."""
_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SLICED_ROW_BYTES = 2_000
"""What a step that works on some customers at a time takes for each of their rows, at most."""
_FEWEST_ROWS = 20_000
"""Smaller slices save no memory any more."""


def promised_bytes(engine: EngineSettings) -> int | None:
    """The most memory that the process may use; None: not said. Raises `ConfigError` for less than omnix takes before
    the first row."""
    if engine.max_memory is None:
        return None
    allowed = parse_bytes(engine.max_memory)
    if allowed < BASE_BYTES:
        message = f"engine.max_memory = {engine.max_memory} cannot be kept"
        raise ConfigError(message, hint=f"omnix alone takes {BASE_BYTES // 1_000_000} MB: allow more.")
    return allowed


def working_bytes(engine: EngineSettings) -> int:
    """The memory for the work of a step: what is allowed, without what omnix takes itself."""
    promised = promised_bytes(engine)
    return _DEFAULT_BYTES if promised is None else max(promised - BASE_BYTES, 1)


def slice_rows(engine: EngineSettings) -> int:
    """The rows of customers to work on at a time."""
    if promised_bytes(engine) is None:
        return engine.slice_rows
    return min(engine.slice_rows, max(_FEWEST_ROWS, working_bytes(engine) // _SLICED_ROW_BYTES))


def parse_bytes(text: str) -> int:
    """A size such as 4GiB, 500MB or 1000000. Raises `ConfigError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise ConfigError(f"engine.max_memory = {text!r} is not a size", hint="Write it as 4GiB or 500MB.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
