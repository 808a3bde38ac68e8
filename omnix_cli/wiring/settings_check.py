"""Checking the settings: sizes, and the files, tables and buckets that they name."""

from __future__ import annotations

import re

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.as_of import parse_day
from omnix_cli.settings import Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.recipes import source_mapping
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.s3.prefix import connect

_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def check_configuration(settings: Settings) -> list[str]:
    """What the settings lead to, one line each. Raises `ConfigError` for what could not work."""
    lines = [f"workspace {settings.workspace.resolve()}", f"memory {parse_bytes(settings.engine.max_memory):,} bytes"]
    if settings.shared_workspace:
        first = next(connect(settings.shared_workspace, settings.s3).within("").list(), None)
        lines.append(f"shared at {settings.shared_workspace}, {'empty' if first is None else 'in use'}")
    if settings.as_of not in ("latest", "today"):
        lines.append(f"as of {parse_day(settings.as_of)}")
    for source in settings.imports.sources:
        mapping = source_mapping(source)
        try:
            files = FileSources(s3=S3Files(settings.s3)).find(source.files, mapping) if source.files else []
        except DataError as error:
            raise ConfigError(error.message, hint=error.hint) from error
        count = counted(len(files), "file") if source.files else f"the table in {source.store}"
        lines.append(f"{source.kind} from {count}")
    return lines


def parse_bytes(text: str) -> int:
    """A size such as 4GiB, 500MB or 1000000. Raises `ConfigError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise ConfigError(f"engine.max_memory = {text!r} is not a size", hint="Write it as 4GiB or 500MB.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
