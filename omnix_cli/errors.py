"""Every error omnix raises on purpose, and the exit code that each one ends a command with.

    OmnixError                 1   an error that omnix can name but that fits no class below
    ├── ConfigError            2   a flag, a setting, a path or a permission has to be fixed
    │   ├── BadPage            2   a limit or a cursor that no page of a query has
    │   └── NoTable            2   a table that was never created
    ├── CorruptCheckpoint      2   a file that omnix wrote is missing or damaged: repair the workspace
    ├── DataError              3   input rejected: file, row, column, reason
    │   ├── ImportRefused      3   too many bad rows: nothing was imported (see services.importing)
    │   ├── InvalidRecord      3   a record from outside with wrong fields, each with its reason
    │   ├── NotFound           3   there is no such customer, product or list
    │   └── Conflict           3   what is stored is another than the caller expects
    ├── UnavailableError       4   a service, the network, the disk or memory: try again later
    ├── PartialError           5   finished in part: what failed is listed
    │   └── ItemsRefused       5   items that the store rejects as invalid; all others were written
    ├── Unauthorized           1   a request without a token that counts (this and the next three: see serving.http_api)
    ├── Forbidden              1   a request for what its caller may not see
    ├── TooMany                1   a request of a caller who asks too often
    ├── Changed                1   a request about another version than the stored one
    ├── LockedError           75   another run holds the lock, or took it (EX_TEMPFAIL of sysexits.h)
    └── Interrupted          130   stopped by a signal; checkpoints are kept

`os_failure` gives an error of the operating system its class. Any other exception is a bug: exit code 1, and its
traceback goes to the log file. `EXIT_CODES` is the one table of codes; the help and the README are compared with it.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import Any

from omnix_cli.safe_text.masking import without_secrets


@dataclass(frozen=True)
class ExitCode:
    """An exit code: a short name, what it means, and what a scheduler should do about it."""

    code: int
    name: str
    meaning: str
    scheduler: str


EXIT_CODES = (
    ExitCode(0, "done", "done, or there was nothing to do", "nothing"),
    ExitCode(1, "bug", "a bug in omnix; the traceback is in `<workspace>/logs/omnix.log`", "page somebody"),
    ExitCode(
        2,
        "usage, configuration or workspace",
        "a flag, a setting, a path, a permission or a damaged workspace has to be fixed",
        "page somebody",
    ),
    ExitCode(
        3,
        "data rejected",
        "input was rejected (file, row, column and reason are listed), or results are below a floor of quality",
        "tell the data owner",
    ),
    ExitCode(
        4,
        "unavailable, retry later",
        "a service, the network, the disk or memory was not available",
        "run the same command again later",
    ),
    ExitCode(5, "finished in part", "finished, but not for everyone; what failed is listed", "look in the morning"),
    ExitCode(
        75,
        "locked",
        "another run holds the lock of the workspace, or took it while this one was stopped",
        "run the same command again later",
    ),
    ExitCode(130, "interrupted", "stopped by a signal; checkpoints are kept", "run the same command again"),
)


class OmnixError(Exception):
    """The root: `message` says what happened and where, `hint` what to do about it, `report` what was done so far. The
    texts are kept without the passwords and tokens of addresses in them."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, report: Any = None) -> None:
        self.message = without_secrets(message)
        super().__init__(self.message)
        self.hint = hint and without_secrets(hint)
        self.report = report


class ConfigError(OmnixError):
    """A flag, an environment variable, a setting, a path or a permission that omnix cannot work with."""

    exit_code = 2


class NoTable(ConfigError):
    """A table that the store does not have."""


class BadPage(ConfigError):
    """A limit or a cursor that no page of a query has."""


class CorruptCheckpoint(OmnixError):
    """A file that omnix wrote is missing or damaged, and no run rebuilds it; the hint says how to repair it."""

    exit_code = 2


class DataError(OmnixError):
    """Input that was rejected."""

    exit_code = 3


class InvalidRecord(DataError):
    """A record that was rejected; `problems` are its wrong fields, each with the reason."""

    def __init__(self, message: str, *, problems: tuple[tuple[str, str], ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class NotFound(DataError):
    """What was asked for does not exist."""


class Conflict(DataError):
    """What is stored is another than the caller expects: somebody changed it, or it exists already."""


class UnavailableError(OmnixError):
    """A service or resource that is not available now but may be later."""

    exit_code = 4


class PartialError(OmnixError):
    """The command finished, but not for everyone."""

    exit_code = 5


class ItemsRefused(PartialError):
    """Items that the store rejects as invalid, by their `keys`; all others were written."""

    def __init__(self, message: str, *, keys: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.keys = keys


class LockedError(OmnixError):
    """Another run works in the same workspace."""

    exit_code = 75


class Interrupted(OmnixError):
    """SIGTERM or Ctrl-C. It has a hint only where a command knows that it can resume."""

    exit_code = 130


@dataclass(frozen=True)
class _Failures:
    """Errors of the operating system that need the same reaction: their numbers, and classes that may have none."""

    raised: type[OmnixError]
    hint: str
    names: str
    classes: tuple[type[OSError], ...] = ()


_NETWORK = _Failures(
    UnavailableError,
    "Check the network, then try again.",
    "ETIMEDOUT ECONNREFUSED ECONNRESET ECONNABORTED ENOTCONN EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET "
    "EADDRNOTAVAIL EADDRINUSE ENOBUFS EPIPE ENONET EPROTO ESHUTDOWN EAFNOSUPPORT EALREADY EINPROGRESS ECOMM",
    (ConnectionError, TimeoutError),
)
_ALL_FAILURES = (
    _Failures(ConfigError, "Check the permissions.", "EACCES EPERM EROFS", (PermissionError,)),
    _Failures(
        ConfigError,
        "Check the path.",
        "ENOENT ENOTDIR EISDIR EEXIST ENOTEMPTY ENAMETOOLONG ELOOP EXDEV ENODEV ENXIO ENOTSUP EOPNOTSUPP EINVAL EMLINK "
        "ESPIPE ENOSYS EILSEQ",
        (FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError),
    ),
    _Failures(
        UnavailableError, "Free some disk space (`omnix runs prune` removes old runs), then try again.", "ENOSPC EDQUOT"
    ),
    _Failures(
        UnavailableError,
        "Check the disk, the memory and the limits of the process (ulimit -a), then try again.",
        "EIO EFBIG ENOMEM EMFILE ENFILE EAGAIN EBUSY ETXTBSY ESTALE ENOLCK EINTR EUCLEAN EBADMSG EREMOTEIO ENODATA "
        "ENOMEDIUM EHWPOISON ECANCELED EDEADLK EUSERS EKEYEXPIRED ENOKEY",
    ),
    _NETWORK,
)


def os_failure(error: Exception, what: str | None = None) -> OmnixError:
    """The error of omnix for an error of the operating system; a plain `OmnixError` for a number that is not known.

    `what` says what omnix was doing; by default the message names the file. Polars and Arrow hide the number in
    the text (`os error 28`, `[errno 28]`); it is looked for there, too."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    file = getattr(error, "filename", None)
    message = f"{what or file}: {reason}" if what or file else str(reason)
    failures = _failures(error)
    return OmnixError(message) if failures is None else failures.raised(message, hint=failures.hint)


def exit_code(error: BaseException) -> int:
    """The exit code of a command that ends with this error."""
    if isinstance(error, OmnixError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return Interrupted.exit_code
    return os_failure(error).exit_code if isinstance(error, OSError) else OmnixError.exit_code


def _failures(error: Exception) -> _Failures | None:
    if type(error).__module__ in ("socket", "ssl"):  # their numbers are not those of the system
        return _NETWORK
    number = getattr(error, "errno", None)
    if number is None:
        hidden = re.search(r"\b(?:os error|errno:?) (\d+)", str(error), re.IGNORECASE)
        number = int(hidden[1]) if hidden else 0
    name = errno.errorcode.get(number, "")
    return next((one for one in _ALL_FAILURES if name in one.names.split() or isinstance(error, one.classes)), None)
