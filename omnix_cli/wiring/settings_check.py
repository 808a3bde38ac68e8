"""Checking the settings: sizes, and the files, tables and buckets that they name."""

from __future__ import annotations

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.as_of import parse_day
from omnix_cli.settings import Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.recipes import source_mapping
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.s3.prefix import connect
from omnix_cli.wiring.memory_limit import promised_bytes, working_bytes


def check_configuration(settings: Settings) -> list[str]:
    """What the settings lead to, one line each. Raises `ConfigError` for what could not work."""
    lines = [
        f"workspace {settings.workspace.resolve()}",
        f"memory {promised_bytes(settings.engine) or working_bytes(settings.engine):,} bytes",
    ]
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
