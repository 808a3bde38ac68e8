"""The log never holds up the requests: nobody may read it, or it may be slow."""

from __future__ import annotations

import http.client
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omnix_cli.cli.logs import configure_logging
from omnix_cli.serving.http_api import log_queue
from omnix_cli.serving.http_api.log_queue import LogQueue

OURS = logging.getLogger("omnix_cli.somewhere")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logging(json_lines=False, verbose=False, quiet=False)
    yield stderr
    logging.getLogger("omnix_cli").handlers.clear()


def test_all_lines_are_written_in_their_order_before_it_ends(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # those of the test runner
    before = list(logging.getLogger("omnix_cli").handlers)
    with LogQueue():
        for number in range(100):
            OURS.info("line %d", number, extra={"request_id": "r"})
        OURS.debug("not for this log")
        logging.getLogger("another.library").warning("a warning")
    lines = written.getvalue().splitlines()
    assert [line.partition(" info ")[2] for line in lines[:100]] == [f"line {n} request_id=r" for n in range(100)]
    assert [line.partition(" warning ")[2] for line in lines[100:]] == ["a warning"]
    assert logging.getLogger("omnix_cli").handlers == before
    OURS.info("as before")
    assert "as before" in written.getvalue()


def test_what_nobody_reads_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_queue, "_END_SECONDS", 0.2)
    reading, writing = os.pipe()
    dropped: list[int] = []
    with os.fdopen(writing, "w") as full, os.fdopen(reading) as end:
        monkeypatch.setattr(sys, "stderr", full)
        configure_logging(json_lines=False, verbose=False, quiet=False)
        with LogQueue(lambda: dropped.append(1), most=10):
            started = time.monotonic()
            for _ in range(3_000):
                OURS.info("x" * 100)
            assert time.monotonic() - started < 5
        assert 1_000 < len(dropped) < 3_000
        assert end.readline().rstrip().endswith("x" * 100)
        logging.getLogger("omnix_cli").handlers.clear()


def test_a_server_whose_log_nobody_reads_answers_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "omnix_cli", "serve", "--port", "0", "--workspace", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            while "listening on" not in (line := server.stderr.readline()):
                assert line, "it did not start"
            port = int(line.rpartition(":")[2])
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as client:
                for _ in range(1_500):  # of 110 bytes each in the log: a pipe has room for 64 kB
                    client.request("GET", "/healthz")
                    assert client.getresponse().read() == b'{"status":"ok"}'
            server.send_signal(signal.SIGTERM)
            threading.Timer(30, server.kill).start()
            assert server.wait() in (0, 130)
        finally:
            server.kill()
