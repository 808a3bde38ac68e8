"""Every class of errors is in the drawn tree with its exit code, and errors of the system get the class they need."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import re
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

import omnix_cli
from omnix_cli import errors
from omnix_cli.errors import (
    EXIT_CODES,
    ConfigError,
    Interrupted,
    LockedError,
    OmnixError,
    UnavailableError,
    exit_code,
    os_failure,
)


def family(root: type[OmnixError]) -> Iterator[type[OmnixError]]:
    yield root
    for child in root.__subclasses__():
        yield from family(child)


def test_every_class_is_in_the_drawn_tree_with_its_exit_code() -> None:
    for module in pkgutil.walk_packages(omnix_cli.__path__, "omnix_cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    drawn = dict(re.findall(r"^ {4}[│├└─ ]*(\w+) +(\d+) {3}\S", str(errors.__doc__), re.MULTILINE))
    own = [known for known in family(OmnixError) if known.__module__.startswith("omnix_cli")]
    assert drawn == {known.__name__: str(known.exit_code) for known in own}


def test_every_code_of_a_class_is_in_the_table() -> None:
    assert {known.exit_code for known in family(OmnixError)} <= {known.code for known in EXIT_CODES}


def test_an_interruption_has_a_hint_only_where_one_is_given() -> None:
    assert Interrupted("stopped by SIGTERM").hint is None
    assert Interrupted("stopped by SIGTERM", hint="Run it again.").hint == "Run it again."


def unwritable_folder(folder: Path) -> None:
    with permissions_of(folder, 0o500):
        (folder / "file").write_text("x")


def read_only_file(folder: Path) -> None:
    file = folder / "file"
    file.write_text("x")
    with permissions_of(file, 0o400):
        file.write_text("y")


def unreadable_file(folder: Path) -> None:
    file = folder / "file"
    file.write_text("x")
    with permissions_of(file, 0o000):
        file.read_text()


@contextmanager
def permissions_of(path: Path, mode: int) -> Iterator[None]:
    """As somebody to whom permissions apply: they do not stop root."""
    path.chmod(mode)
    is_root = os.geteuid() == 0
    if is_root:
        for parent in list(path.parents)[:3]:
            if parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o005)
        os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(0o700)


def refused_connection(folder: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()
    socket.create_connection(address, timeout=5)


def reset_connection(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        linger_not_at_all = b"\1\0\0\0\0\0\0\0"
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
        accepted.close()
        client.recv(1)


def silent_server(folder: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=0.01) as client,
    ):
        client.recv(1)


def too_many_open_files(folder: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        (folder / "file").open("w")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


SITUATIONS: list[tuple[Callable[[Path], object], type[OmnixError]]] = [
    (unwritable_folder, ConfigError),
    (read_only_file, ConfigError),
    (unreadable_file, ConfigError),
    (lambda folder: folder.write_text("x"), ConfigError),  # a folder where a file should be
    (lambda folder: (folder / "none" / "file").write_text("x"), ConfigError),
    (lambda folder: (folder / ("x" * 300)).write_text("x"), ConfigError),
    (lambda folder: Path("/dev/null/file").read_text(), ConfigError),
    (lambda folder: folder.mkdir(), ConfigError),
    (lambda folder: pl.read_parquet(folder / "none.parquet"), ConfigError),
    (lambda folder: Path("/dev/full").write_text("x"), UnavailableError),
    (lambda folder: socket.getaddrinfo("no-such-host.invalid", 443), UnavailableError),
    (refused_connection, UnavailableError),
    (reset_connection, UnavailableError),
    (silent_server, UnavailableError),
    (too_many_open_files, UnavailableError),
]


@pytest.mark.parametrize(("situation", "expected"), SITUATIONS)
def test_what_the_system_refuses_has_the_class_of_who_can_help(
    tmp_path: Path, situation: Callable[[Path], object], expected: type[OmnixError]
) -> None:
    with pytest.raises(OSError) as caught:
        situation(tmp_path)
    failure = os_failure(caught.value)
    assert type(failure) is expected
    assert failure.hint
    assert exit_code(caught.value) == expected.exit_code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EDQUOT, "Disk quota exceeded"), UnavailableError),
        (OSError(errno.EIO, "Input/output error"), UnavailableError),
        (OSError(errno.EROFS, "Read-only file system"), ConfigError),
        (ssl.SSLError(1, "handshake failure"), UnavailableError),
        (pl.exceptions.ComputeError("cannot write: No space left on device (os error 28)"), UnavailableError),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"), UnavailableError),
        (OSError(errno.EBADF, "Bad file descriptor"), OmnixError),
        (OSError("nobody knows"), OmnixError),
    ],
    ids=repr,
)
def test_what_cannot_be_brought_about_here(error: Exception, expected: type[OmnixError]) -> None:
    assert type(os_failure(error)) is expected


def test_the_message_names_the_file_or_what_was_done() -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "prices.toml")
    assert os_failure(error).message == "prices.toml: No such file or directory"
    assert os_failure(error, "the prices cannot be read").message == (
        "the prices cannot be read: No such file or directory"
    )


def test_exit_codes_of_other_errors() -> None:
    assert exit_code(LockedError("busy")) == 75
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(ZeroDivisionError()) == 1
