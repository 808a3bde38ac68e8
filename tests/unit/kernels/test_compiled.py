from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from omnix_cli.kernels import compiled

KERNELS = Path(compiled.__file__).parent
SCRIPT = "from omnix_cli.kernels.compiled import CACHE_FOLDER, is_cached; print(CACHE_FOLDER, is_cached())"


def test_the_cache_folder_is_named_after_all_kernel_sources(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment["XDG_CACHE_HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    folder, cached = done.stdout.split()
    assert folder.startswith(f"{tmp_path}/omnix/kernels-")
    assert cached == "False"


def test_the_walks_are_where_the_cache_is_looked_for() -> None:
    assert "def walk_pairs" in (KERNELS / "co_purchase.py").read_text()
