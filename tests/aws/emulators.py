"""ministack, an emulator of AWS, run from an environment of its own since it pins an older botocore than ours."""

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
    """Runs it on a free port and gives its URL. Fails the test when it is not installed."""
    program = ENVIRONMENT / "bin" / "ministack"
    if not program.exists():
        pytest.fail(f"{program} is missing: `make test` installs it, or TEST_EMULATORS names its environment")
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [program], env={"PATH": os.environ["PATH"], **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/_ministack/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    pytest.fail(f"ministack did not start on port {port} (exit code {process.poll()})")
