"""The engine, and how much of the machine a step may use."""

from __future__ import annotations

import logging
import os
import re

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.errors import ConfigError
from omnix_cli.protocols.steps import Engine, Resources
from omnix_cli.settings import Settings

_log = logging.getLogger(__name__)
_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def engine(settings: Settings) -> Engine:
    """The engine that runs the steps."""
    return PolarsEngine(slice_rows=settings.engine.slice_rows)


def resources(settings: Settings) -> Resources:
    """How much of the machine a step may use."""
    return Resources(
        threads=settings.engine.threads or os.cpu_count() or 1,
        memory_bytes=parse_bytes(settings.engine.max_memory),
        say=_log.info,
    )


def parse_bytes(text: str) -> int:
    """A size such as 4GiB, 500MB or 1000000. Raises `ConfigError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise ConfigError(f"engine.max_memory = {text!r} is not a size", hint="Write it as 4GiB or 500MB.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
