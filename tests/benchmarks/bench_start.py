"""How long `omnix --help` and completion take, beside a bare Typer program with as many commands and options."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from omnix_cli.cli import app


def main() -> None:
    """Alternates the two programs and prints best and median seconds, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(bare_program())
        omnix = [sys.executable, "-m", "omnix_cli"]
        print(f"{'what':<12}{'program':<14}{'best s':>8}{'median s':>10}{'ratio':>7}")
        for what, arguments, environment in (
            ("help", ["--help"], {}),
            ("completion", [], {"_OMNIX_COMPLETE": "complete_bash", "COMP_WORDS": "omnix ru", "COMP_CWORD": "1"}),
        ):
            renamed = {name.replace("_OMNIX", "_BARE"): value for name, value in environment.items()}
            report(what, (omnix + arguments, environment), ([sys.executable, str(bare), *arguments], renamed), rounds)


def report(what: str, omnix: tuple[list[str], dict[str, str]], bare: tuple[list[str], dict[str, str]], n: int) -> None:
    """One measurement of both, in turn."""
    seconds: dict[str, list[float]] = {"omnix": [], "bare typer": []}
    for _ in range(n):
        for name, (command, environment) in zip(seconds, (omnix, bare), strict=True):
            began = time.perf_counter()
            subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - began)
    ratio = statistics.median(seconds["omnix"]) / statistics.median(seconds["bare typer"])
    for name, times in seconds.items():
        shown = f"{ratio:>7.2f}" if name == "omnix" else ""
        print(f"{what:<12}{name:<14}{min(times):>8.3f}{statistics.median(times):>10.3f}{shown}")


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
