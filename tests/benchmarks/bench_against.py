"""This build beside an earlier one, in turn: Complete Journey's year in a fresh workspace, then the night after it.

    python -m tests.benchmarks.bench_against COMMIT [--times 3] [--households N]

The earlier build is checked out into a worktree of its own and installed there, unless --python names the Python of an
environment that has it. Printed are medians of wall time,
processor time and peak memory of the whole process, the seconds of each step, and the ratios of this build to the
earlier one. Both use the imports of their own; the second night reads one more day of the same purchases.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

from tests.complete_journey import configuration

ROOT = Path(__file__).parents[2]
FIRST_NIGHT = date(2017, 12, 25)
WARM_HOUSEHOLDS = 3
"""Shoppers of the runs before the first round, which compile the kernels."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
"""Each build is that of its own environment."""
Figures = dict[str, float]
"""What one round measured, by name; seconds, or MB where the name says so."""


@contextmanager
def build(commit: str, folder: Path) -> Iterator[Path]:
    """The Python of an environment with that commit installed."""
    place = folder / "build"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(place), commit], cwd=ROOT, check=True)
    try:
        subprocess.run(["make", "--silent", ".venv/core"], cwd=place, check=True)
        yield place / ".venv" / "bin" / "python"
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(place)], cwd=ROOT, check=True)


def timed(python: Path, workspace: Path, *arguments: str) -> Figures:
    """Wall seconds, processor seconds and peak MB of one command."""
    command = [str(python), "-m", "omnix_cli", *arguments, "--workspace", str(workspace), "--quiet"]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=workspace.parent, env=ENVIRONMENT) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    wall = time.perf_counter() - began
    return {"wall": wall, "processor": used.ru_utime + used.ru_stime, "peak MB": used.ru_maxrss / 1024}


def steps(python: Path, workspace: Path) -> Figures:
    """The seconds of each step of the latest run."""
    command = [str(python), "-m", "omnix_cli", "runs", "show", "latest", "--workspace", str(workspace)]
    shown = subprocess.run(
        [*command, "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=workspace.parent,
        env=ENVIRONMENT,
    )
    found = json.loads(shown.stdout)
    rows = found["steps"] if isinstance(found, dict) else found
    return {row["step"]: row["seconds"] for row in rows if row["seconds"]}


def nights(python: Path, households: int | None) -> dict[str, Figures]:
    """Two nights in a fresh workspace."""
    measured: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings, workspace = Path(folder) / "omnix.toml", Path(folder) / "workspace"
        settings.write_text(configuration(Path(folder), households))
        for title, day in (("first night", FIRST_NIGHT), ("next night", FIRST_NIGHT + timedelta(days=1))):
            run = ("run", "--config", str(settings), "--as-of", day.isoformat())
            measured[title] = timed(python, workspace, *run) | steps(python, workspace)
    return measured


def table(title: str, before: Mapping[str, list[float]], now: Mapping[str, list[float]]) -> str:
    """Medians of both builds, and their ratio."""
    lines = [f"{title:<20}{'before':>10}{'now':>10}{'ratio':>8}"]
    for name in (*before, *(name for name in now if name not in before)):
        old, new = (statistics.median(rounds[name]) if name in rounds else None for rounds in (before, now))
        shown = (f"{value:10.2f}" if value is not None else f"{'-':>10}" for value in (old, new))
        lines.append(f"{name:<20}{''.join(shown)}{f'{new / old:8.2f}' if old and new is not None else ''}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?", help="the build to compare with")
    parser.add_argument("--python", type=Path, help="the Python of an environment that has the build")
    parser.add_argument("--times", type=int, default=3, help="rounds of both builds")
    parser.add_argument("--households", type=int, help="only the first so many households")
    options = parser.parse_args()
    if (options.commit is None) == (options.python is None):
        parser.error("give a commit or --python")
    rounds: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: {"before": defaultdict(list), "now": defaultdict(list)}
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        python = options.python or stack.enter_context(build(options.commit, Path(folder)))
        builds = (("before", python), ("now", Path(sys.executable)))
        for _, chosen in builds:
            nights(chosen, WARM_HOUSEHOLDS)
        for _ in range(options.times):
            for which, chosen in builds:
                for title, figures in nights(chosen, options.households).items():
                    for name, value in figures.items():
                        rounds[title][which][name].append(value)
    for title, both in rounds.items():
        print(table(title, both["before"], both["now"]), end="\n\n")


if __name__ == "__main__":
    main()
