"""Asks a double of Bedrock about all households of the Complete Journey, on demand and in a batch, with faults.

    python -m tests.soaks.models_under_faults [--share 0.1] [--requests-per-minute 1200] [--workspace FOLDER]
        [--households N --kill-after REPLIES]

Each is a run of `omnix predict` as a user has it; the one on demand is killed half-way and run again. Then both
predictors are compared on a time that is over. Ends with 1 when a reply was lost that had reached the ledger, or when
something was paid for twice that did not have to be.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.aws.accounts import ENVIRONMENT, LEFT_OUT
from tests.aws.buckets import moto_server
from tests.complete_journey import configuration

BATCH_MODEL = "amazon.nova-micro-v1:0"
"""Another model, so that the batch finds no reply in the ledger."""
_PREDICT = ("predict", "--format", "json")


@dataclass(frozen=True)
class Household:
    """A workspace with the year in it, and a double to ask."""

    folder: Path
    double: str

    def omnix(self, *arguments: str, codes: tuple[int, ...] = (0, 5)) -> list[dict[str, Any]]:
        """What a command prints as JSON."""
        with self.started(*arguments) as process:
            out, errors = process.communicate()
        if process.returncode not in codes:
            raise SystemExit(f"omnix {' '.join(arguments)} ended with {process.returncode}: {errors.decode()}")
        return list(json.loads(out)) if out.startswith(b"[") else []

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command under way."""
        places = ("--config", str(self.folder / "omnix.toml"), "--workspace", str(self.folder / "workspace"), "-q")
        command = [sys.executable, "-m", "omnix_cli", *arguments, *places]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            yield process

    def replies(self) -> int:
        """The replies that are in the ledger."""
        with closing(sqlite3.connect(self.folder / "workspace" / "answers.sqlite")) as ledger:
            return int(ledger.execute("SELECT COUNT(*) FROM replies").fetchone()[0])

    def counted(self) -> dict[str, Any]:
        """The books of the double."""
        with urllib.request.urlopen(f"{self.double}/_double/counts") as answer:
            return dict(json.load(answer))

    def figures(self) -> dict[str, Any]:
        """The figures of the last predictions."""
        record = json.loads(max((self.folder / "workspace" / "runs").glob("*.json")).read_text())
        return next(dict(step["figures"]) for step in record["steps"] if step["name"] == "predict")


def main() -> int:
    """Prints what was asked, what failed, and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1, help="the share of requests that go wrong")
    parser.add_argument("--requests-per-minute", type=float, default=1200, help="what the double admits")
    parser.add_argument("--workspace", type=Path, help="keep the workspace in this folder")
    parser.add_argument("--households", type=int, help="only the first so many households")
    parser.add_argument("--kill-after", type=int, default=300, help="kill the first run at so many replies")
    given = parser.parse_args()
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    with tempfile.TemporaryDirectory() as temporary, moto_server() as s3:
        folder = given.workspace or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        boto3.client("s3", endpoint_url=s3, region_name="us-east-1").create_bucket(Bucket="batches")
        with _double(s3, given.share, given.requests_per_minute) as url:
            (folder / "omnix.toml").write_text(configuration(folder, given.households) + _settings(url, s3))
            household = Household(folder, url)
            household.omnix("run", "--predictor", "statistical", "--format", "json")
            lost = _on_demand(household, given.requests_per_minute, given.kill_after)
            lost += _batch(household)
            _compared(household)
    return int(lost > 0)


def _on_demand(household: Household, admitted: float, kill_after: int) -> int:
    """A run that is killed after so many replies, then run to its end; returns how many of them were lost."""
    with household.started(*_PREDICT, "--predictor", "bedrock") as process:
        while process.poll() is None and _replies_so_far(household) < kill_after:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept, billed = household.replies(), household.counted()
    print(f"kill -9 with {kept:,} replies in the ledger, {billed['answers']['on_demand']:,} answered by the model")
    began, before = time.perf_counter(), billed["counts"].get("Converse answered", 0)
    household.omnix(*_PREDICT, "--predictor", "bedrock")
    seconds, after = time.perf_counter() - began, household.counted()
    figures = household.figures()
    print(f"\non demand, in {seconds:.0f} s: {_summary(figures)}")
    _print_books(after)
    answered = after["counts"]["Converse answered"] - before
    print(f"  {60 * answered / seconds:,.0f} answers a minute from start to end, {admitted:,.0f} are admitted")
    again = household.counted()["answers"]
    household.omnix(*_PREDICT, "--predictor", "bedrock", "--force")
    print(f"  a further run asked {household.counted()['answers']['on_demand'] - again['on_demand']} questions")
    return max(0, kept - int(figures["found_in_ledger"]))


def _batch(household: Household) -> int:
    began = time.perf_counter()
    household.omnix(*_PREDICT, "--predictor", "bedrock-batch", "--model", BATCH_MODEL)
    print(f"\nin a batch, in {time.perf_counter() - began:.0f} s: {_summary(household.figures())}")
    _print_books(household.counted())
    for job in household.omnix("predict", "status", "--format", "json"):
        print(f"  {job['name']}: {job['status']}, {job['collected']:,} collected, {job['failed']:,} failed or missing")
    return 0


def _compared(household: Household) -> None:
    for score in household.omnix(
        "predict", "compare", "statistical", "bedrock", "--customers", "500", "--format", "json"
    ):
        print("\n" + ", ".join(f"{name} {value}" for name, value in score.items()))


def _summary(figures: Mapping[str, Any]) -> str:
    customers = int(figures["asked"]) + int(figures["repaired"]) + int(figures["failed"])
    tokens = sum(int(figures[f"{kind}_tokens"]) for kind in ("input", "cache_read", "cache_write"))
    names = ("asked", "repaired", "reused", "failed", "repairs", "skipped_too_little_history", "dollars", "mode")
    shown = ", ".join(f"{name} {figures.get(name)}" for name in names)
    return (
        f"{shown}; tokens a customer {tokens / customers:,.0f} in, {int(figures['output_tokens']) / customers:,.0f} out"
    )


def _print_books(books: Mapping[str, Any]) -> None:
    for name in ("counts", "faults", "answers", "paidTwice"):
        print(f"  {name}: {books[name]}")


def _replies_so_far(household: Household) -> int:
    try:
        return household.replies()
    except sqlite3.Error:
        return 0


def _settings(double: str, s3: str) -> str:
    return f"""
[bedrock]
endpoint_url = "{double}"
region = "us-east-1"
pseudonym_secret = "a secret for invented customers"
[bedrock.batch]
location = "s3://batches/jobs"
role_arn = "arn:aws:iam::123456789012:role/omnix-batch"
poll_seconds = 1
wait_seconds = 600
[privacy]
consent_ai_analysis = true
[s3]
endpoint_url = "{s3}"
"""


@contextmanager
def _double(s3: str, share: float, requests_per_minute: float) -> Iterator[str]:
    """A double in a process of its own, so that it does not slow down who asks it."""
    options = {"--s3-endpoint": s3, "--faults": share, "--requests-per-minute": requests_per_minute}
    command = [sys.executable, "-m", "tests.aws.bedrock", *(str(part) for option in options.items() for part in option)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
