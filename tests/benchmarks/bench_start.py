"""How long `omnix --help` and completion take beside a bare Typer program with as many commands and options, and how
long `omnix show recommendations` takes on the sample beside `import polars`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from omnix_cli.cli import app

ROOT = Path(__file__).parent.parent.parent
CUSTOMER = "1142"

Program = tuple[list[str], dict[str, str]]
"""A command and what its environment has besides ours."""


def main() -> None:
    """Alternates each command with its peer and prints the best seconds of both, their ratio and its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--workspace", type=Path, help="a workspace in which the sample has run; made if not given")
    given = parser.parse_args()
    omnix = [sys.executable, "-m", "omnix_cli"]
    print(f"{'what':<24}{'omnix s':>9}{'peer s':>9}{'ratio':>7}{'target':>8}  peer")
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(bare_program())
        peer = [sys.executable, str(bare)]
        report("--help", ([*omnix, "--help"], {}), ([*peer, "--help"], {}), given.rounds, 1.35, "bare Typer")
        words = {"COMP_WORDS": "omnix ru", "COMP_CWORD": "1"}
        ours, theirs = ({f"{name}_COMPLETE": "complete_bash", **words} for name in ("_OMNIX", "_BARE"))
        report("completion", (omnix, ours), (peer, theirs), given.rounds, 1.35, "bare Typer")
        workspace = given.workspace or Path(folder) / "workspace"
        if given.workspace is None:
            sample = ["run", "--config", "configs/sample.toml", "--workspace", str(workspace), "--quiet"]
            subprocess.run(omnix + sample, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        show = [*omnix, "show", "recommendations", CUSTOMER, "--workspace", str(workspace), "--quiet"]
        polars = [sys.executable, "-c", "import polars"]
        report("show recommendations", (show, {}), (polars, {}), given.rounds, 2.5, "import polars")


def report(what: str, omnix: Program, peer: Program, rounds: int, target: float, name: str) -> None:
    """One line: both programs in turn, the fastest round of each."""
    best = [float("inf")] * 2
    for _ in range(rounds):
        for number, (command, environment) in enumerate((omnix, peer)):
            began = time.perf_counter()
            subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
            best[number] = min(best[number], time.perf_counter() - began)
    ours, theirs = best
    print(f"{what:<24}{ours:>9.3f}{theirs:>9.3f}{ours / theirs:>7.2f}{target:>8.2f}  {name}")


def bare_program() -> str:
    """A program with the same tree of commands and the same number of options, and nothing else."""
    lines = ["import typer", "from typing import Annotated", "app = typer.Typer(rich_markup_mode=None)"]
    lines += ["@app.callback()", "def root() -> None: pass"]
    _commands(typer.main.get_command(app), "app", lines)
    return "\n".join([*lines, "app(prog_name='bare')"])


def _commands(group: typer.core.TyperGroup, variable: str, lines: list[str]) -> None:
    for name, command in group.commands.items():
        own = f"{variable}_{name.replace('-', '_')}"
        if isinstance(command, typer.core.TyperGroup):
            lines.append(f"{own} = typer.Typer()")
            _commands(command, own, lines)
            lines.append(f"{variable}.add_typer({own}, name={name!r})")
            continue
        options = [parameter for parameter in command.params if parameter.name != "help"]
        arguments = ", ".join(
            f"a{number}: Annotated[str, typer.Option({f'--option-{number}'!r}, help={str(option.help)!r})] = ''"
            for number, option in enumerate(options)
        )
        lines.append(f"@{variable}.command({name!r})")
        lines.append(f"def {own}_command({arguments}) -> None: {command.help!r}")


if __name__ == "__main__":
    main()
