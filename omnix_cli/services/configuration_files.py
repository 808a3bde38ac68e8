"""Writing the configuration file of a new workspace."""

from __future__ import annotations

from pathlib import Path

from omnix_cli.reports.settings_file import as_toml
from omnix_cli.settings import Settings
from omnix_cli.stores.workspace.files import write_atomically


def write_configuration(settings: Settings, file: Path) -> bool:
    """Writes a commented configuration file with these settings, unless the file exists. Whether it was written."""
    if file.exists():
        return False
    write_atomically(file, as_toml(settings).encode())
    return True
