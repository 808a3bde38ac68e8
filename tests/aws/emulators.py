"""Emulators of AWS that run as programs of their own: ministack, which pins an older botocore than ours, and dynalite,
which runs on node. The third one, moto, is a library (see `buckets`)."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENVIRONMENT = Path(os.environ.get("TEST_EMULATORS", Path(__file__).parents[2] / ".venv-aws")).absolute()
"""The virtual environment that `make test` installs requirements/emulators.txt into."""
START_SECONDS = 60.0


@contextmanager
def run_ministack() -> Iterator[str]:
    """Runs ministack and gives its URL. Fails the test when it is not installed."""
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "LOG_LEVEL": "ERROR"}
    with _running([_installed("bin/ministack")], port, settings, answers="/_ministack/ready") as url:
        yield url


@contextmanager
def run_dynalite() -> Iterator[str]:
    """Runs dynalite, a DynamoDB in memory, and gives its URL. Fails the test when it is not installed."""
    port = free_port()
    program = _installed("dynalite/node_modules/dynalite/cli.js")
    at_once = [text for name in ("create", "update", "delete") for text in (f"--{name}TableMs", "0")]
    command = ["node", program, "--host", "127.0.0.1", "--port", str(port), *at_once]
    with _running(command, port, {}, answers="/") as url:
        yield url


def _installed(path: str) -> str:
    program = ENVIRONMENT / path
    if not program.exists():
        pytest.fail(f"{program} is missing: `make test` installs it, or TEST_EMULATORS names its environment")
    return str(program)


@contextmanager
def _running(command: list[str], port: int, settings: dict[str, str], *, answers: str) -> Iterator[str]:
    """Runs a server until the end of the block; `answers` is a path that it answers when it is ready."""
    environment = {"PATH": os.environ["PATH"], **settings}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, port, answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    pytest.fail(f"{process.args!r} did not start on port {port} (exit code {process.poll()})")
