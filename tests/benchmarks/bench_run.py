"""The whole job on the Complete Journey year, from its original files to the published rows, as a user runs it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.complete_journey import configuration


def main() -> None:
    """Imports, runs, runs again, and prints the tables of the two runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, help="Keep the workspace here instead of in a temporary folder.")
    parser.add_argument("--households", type=int, help="Only the first so many households.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = options.workspace or Path(folder) / "workspace"
        settings = Path(folder) / "omnix.toml"
        settings.write_text(configuration(Path(folder), options.households))
        for title in ("first run", "second run"):
            began = time.perf_counter()
            _omnix("run", "--config", str(settings), "--workspace", str(workspace), "--quiet")
            print(f"{title}: {time.perf_counter() - began:.1f} s\n", flush=True)
        runs = _omnix("runs", "list", "--workspace", str(workspace), "--format", "json", capture=True)
        print(f"runs recorded: {len(json.loads(runs))}, size of the workspace: {_size(workspace) / 1e6:.0f} MB")


def _omnix(*arguments: str, capture: bool = False) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "omnix_cli", *arguments],
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=True,
    )
    return result.stdout or ""


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
