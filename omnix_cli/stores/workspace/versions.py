"""The format of a workspace: a number in its file `workspace.json`, and the release that wrote it.

A workspace without that file was written by 0.1.0 and has format 1. Raise FORMAT when an older release could not read
what is written now, or would read it wrongly; a new nullable column does not need it.
"""

from __future__ import annotations

import orjson
from pydantic import ValidationError

from omnix_cli import __version__
from omnix_cli.errors import ConfigError, CorruptCheckpoint, OmnixError, os_failure
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.sealed_json import parsed, reason

FORMAT = 2
_FILE = "workspace.json"


def check_format(folder: Folder) -> int | None:
    """The format of the workspace in this folder; None for one of 0.1.0, and for an empty folder. Raises `ConfigError`
    when a newer release wrote it."""
    try:
        content = parsed(folder.read(_FILE))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise os_failure(error, f"{folder}/{_FILE} cannot be read") from error
    except ValueError as error:
        raise _damaged(folder, str(error)) from error
    number = content.get("format") if isinstance(content, dict) else None
    if type(number) is not int:
        raise _damaged(folder, "it has no format number")
    written_by = content.get("written_by", "?")
    if number > FORMAT:
        raise newer_workspace(written=f" ({written_by}, format {number})")
    return number


def write_format(folder: Folder) -> None:
    """Marks the workspace as written by this release; call it before the first change."""
    if check_format(folder) != FORMAT:
        content = {"format": FORMAT, "written_by": __version__}
        folder.write(_FILE, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def newer_workspace(what: str = "this workspace", written: str = "") -> ConfigError:
    """The error for something that only a newer release can read."""
    message = f"{what} was written by a newer omnix{written}; this is omnix {__version__}"
    return ConfigError(message, hint="Upgrade omnix, or choose another workspace with --workspace.")


def unreadable(error: Exception, what: str, *, hint: str, newer: str = "this workspace") -> OmnixError:
    """The error for a file that cannot be read: the system refuses it, it has a field that only a newer release knows,
    or it is damaged."""
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return os_failure(error, f"{what} cannot be read")
    if isinstance(error, ValidationError) and any(part["type"] == "extra_forbidden" for part in error.errors()):
        return newer_workspace(newer)
    why = reason(error) if isinstance(error, ValueError) else str(error)
    return CorruptCheckpoint(f"{what} cannot be read: {why}", hint=hint)


def _damaged(folder: Folder, why: str) -> CorruptCheckpoint:
    hint = "Restore the file from a backup, or delete it."
    return CorruptCheckpoint(f"{folder}/{_FILE} cannot be read: {why}", hint=hint)
