"""Ctrl-C before omnix has begun its work."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPTED_AT = """
import os, signal, sys

class Interruption:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interruption())
from omnix_cli.__main__ import run
sys.argv = ["omnix", "config", "show"]
run()
"""


@pytest.mark.parametrize("module", ["typer", "polars"])
def test_an_interruption_while_modules_load_is_quiet(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT.format(module=module)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr
    assert "hint:" not in ended.stderr  # nothing would resume
    assert ended.stdout == ""
