"""Runs every command in shops whose names, ids, files, settings and models have control characters, a few at a time.

    python -m tests.soaks.hostile_texts [--shops 20] [--seed 0]

Each shop has texts of its own, made of signs drawn from everything that Unicode calls a control or format character, of
broken UTF-8 in names of files, and of what quotes, formulas and markup are made of. Ends with 1 when a command ended as
a bug does, when a terminal got something that it obeys, or when a text passed for a line of omnix.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from unicodedata import category

import pytest

from tests.aws.accounts import ENVIRONMENT
from tests.cli.hostile import HostileModel, Terminal, calls, check, make_folder

SIGNS = [chr(n) for n in range(1, sys.maxunicode + 1) if category(chr(n)) in ("Cc", "Cf", "Zl", "Zp")]
PLAIN = (
    "a",
    "é",
    "日",
    " ",
    "'",
    '"',
    ",",
    ";",
    "|",
    "=1",
    "-",
    "[b]",
    "[red]",
    "%s",
    "{0}",
    "\\",
    "$(x)",
    "#",
    "\t",
    "\n",
    "\r\n",
)
FORMATS = ([], ["--format", "csv"], ["--format", "json"], ["--format", "csv", "--csv-safe"])
WRITES_RESULTS = (
    "show",
    "runs",
    "check",
    "explain",
    "quarantine show",
    "config show",
    "predict usage",
    "tables status",
)


def main() -> int:
    """Runs the shops and prints what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for number in range(options.shops):
        shop(random.Random(options.seed * 100_000 + number), counts)
        print(
            f"shop {number + 1} of {options.shops}: {counts['commands']} commands, {counts['wrong']} wrong", flush=True
        )
    return 1 if counts["wrong"] else 0


def text_of(chance: random.Random) -> str:
    """Up to twelve signs, as the name of a file may have them."""
    signs = [chance.choice(SIGNS if chance.random() < 0.7 else PLAIN) for _ in range(chance.randint(2, 12))]
    return f"x{''.join(signs)}"[:60]


def shop(chance: random.Random, counts: Counter[str]) -> None:
    """Runs all commands once, each in a copy of one folder."""
    text = text_of(chance)
    work = Path(tempfile.mkdtemp(prefix="omnix-hostile-"))
    here = Path.cwd()
    try:
        (work / "made").mkdir()
        make_folder(text, work / "made")
        with HostileModel(text) as model, pytest.MonkeyPatch.context() as patch:
            for name, value in {
                **ENVIRONMENT,
                "OMNIX_BEDROCK__ENDPOINT_URL": model.url,
                "OMNIX_BEDROCK__PSEUDONYM_SECRET": "a secret of sixteen signs and more",
                "OMNIX_PRIVACY__CONSENT_AI_ANALYSIS": "true",
            }.items():
                patch.setenv(name, value)
            call = Terminal(patch)
            for command, lists in calls(text).items():
                shutil.copytree(work / "made", work / "copy")
                os.chdir(work / "copy")
                for arguments in lists:
                    shape = chance.choice(FORMATS) if command.startswith(WRITES_RESULTS) else []
                    counts["commands"] += 1
                    try:
                        check(call(*command.split(), *arguments, *shape), cells=bool(shape))
                    except AssertionError as error:
                        counts["wrong"] += 1
                        print(f"{command} {arguments} {shape}: {ascii(str(error))[:400]}", flush=True)
                os.chdir(here)
                shutil.rmtree(work / "copy")
    finally:
        os.chdir(here)
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
