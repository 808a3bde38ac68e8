"""Stops processes at random moments for longer than every lease, lets another one do its work meanwhile, and goes on.

    python -m tests.soaks.pauses [TRIALS] [sqlite] [dynamodb] [s3] [signals]

Two publishers share a store (a SQLite file, tables in ministack): the first one is stopped while it writes slowly. Two
machines share a workspace on S3 (moto): the first one is stopped anywhere in `omnix run`. `signals` sends SIGTERM and
SIGINT to `omnix run` in a workspace on S3 instead. By default all four, with 30 trials each. PYTHONPATH says which
omnix is tested. Ends with 1 when something was lost, doubled or overwritten.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from omnix_cli.protocols.tables import TableStore
from tests.aws.accounts import ENVIRONMENT, LEFT_OUT
from tests.aws.buckets import moto_server
from tests.aws.emulators import run_ministack
from tests.cli.conftest import write_shop
from tests.integration.test_publishing_kill import wanted
from tests.soaks.slow_publisher import LEASE, opened

TRIALS = 30
LOCKED, INTERRUPTED = 75, 130
ROOT = Path(__file__).parents[2]
RUN = """
import sys
from omnix_cli.stores.s3 import workspace
workspace.bucket_lock.__wrapped__.__kwdefaults__["lease_seconds"] = float(sys.argv.pop(1))
from omnix_cli.__main__ import run
run()
"""
"""`omnix` whose lock on S3 ends sooner."""


@dataclass
class Tally:
    """What happened in the trials of one kind."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, trial: int, what: str, *, is_wrong: bool = False) -> None:
        self.counts[what] += 1
        if is_wrong:
            self.wrong.append(f"{self.name} {trial}: {what}")

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return "\n".join([f"{self.name}: {counts}; {len(self.wrong)} wrong", *self.wrong])


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of Python in the root of the project, which is gone when the block ends."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, errors = process.communicate(timeout=240)
    return process.returncode, output + errors


# Two publishers


def publisher(folder: Path, url: str, name: str, edition: int) -> Any:
    return running("-m", "tests.soaks.slow_publisher", str(folder), url, name, str(edition))


def stored(store: TableStore) -> dict[str, list[str]]:
    items = [item for item in store.scan("recommendations") if not item["id"].startswith("control#")]
    return {item["id"]: [entry["productId"] for entry in item["recommendations"]] for item in items}


def lists(edition: int) -> dict[str, list[str]]:
    return dict(wanted(edition).group_by("list_id", maintain_order=True).agg("product_id").iter_rows())


def publish_until_done(folder: Path, url: str, edition: int) -> int:
    """The second publisher: tries again for as long as the first one's lease is respected."""
    for _ in range(40):
        with publisher(folder, url, "second", edition) as second:
            code, said = ended(second)
        if code != LOCKED:
            break
        time.sleep(0.3)
    if code not in (0, 4):
        print(said, file=sys.stderr)
    return code


def pause_publisher(folder: Path, url: str, trial: int, moments: Random, tally: Tally) -> None:
    """One trial: the first publisher is stopped at a random moment of its writing."""
    mine, theirs = 2 * trial + 1, 2 * trial + 2
    with publisher(folder, url, "first", mine) as first:
        assert first.stdout
        assert first.stdout.readline() == "begins\n"
        time.sleep(moments.uniform(0, 2.5))
        first.send_signal(signal.SIGSTOP)
        time.sleep(LEASE * 1.2)
        code = publish_until_done(folder, url, theirs)
        first.send_signal(signal.SIGCONT)
        if code == 4:  # the first one was stopped within a transaction, and no other can write until it goes on
            tally.note(trial, "stopped within a transaction")
            ended(first)
            publish_until_done(folder, url, theirs)
            code = first.returncode
        else:
            assert code == 0, code
            code, _ = ended(first)
    with closing(opened(folder, url)) as store:
        right = [lists(theirs), lists(mine)] if code == 0 else [lists(theirs)]
        found = stored(store)
        if code not in (0, LOCKED):
            tally.note(trial, f"the first one ended with {code}", is_wrong=True)
        elif found in right:
            tally.note(trial, f"the first one ended with {code}")
        else:
            differing = sum(found.get(key) != value for key, value in right[0].items())
            tally.note(trial, "lists were overwritten", is_wrong=True)
            print(f"{tally.name} {trial}: {differing} lists differ", file=sys.stderr)
        publish_until_done(folder, url, theirs)
        if stored(store) != lists(theirs):
            tally.note(trial, "the next publish did not repair it", is_wrong=True)


def pause_publishers(url: str, trials: int, name: str) -> Tally:
    """The trials on one store: SQLite without a URL."""
    tally, moments = Tally(name), Random(20261129)
    with tempfile.TemporaryDirectory(prefix="fencing-") as folder:
        publish_until_done(Path(folder), url, 0)
        for trial in range(trials):
            pause_publisher(Path(folder), url, trial, moments, tally)
    return tally


# Two machines, one workspace on S3


class Machines:
    """Machines that run the same shop in workspaces on S3, one workspace a trial, and publish to one file each."""

    def __init__(self, folder: Path, url: str, client: Any) -> None:
        self.folder = folder
        self.url = url
        self.client = client
        write_shop(folder)
        lines = (folder / "purchases.csv").read_text().splitlines()
        many = [f"n{number}{line}" if number else line for line in lines[1:] for number in range(40)]
        (folder / "purchases.csv").write_text("\n".join([lines[0], *many]) + "\n")
        self.rows = len(many)

    def run(self, machine: str, trial: int, *arguments: str, lease: float = LEASE) -> Any:
        settings = {
            "OMNIX_S3__ENDPOINT_URL": self.url,
            "OMNIX_WORKSPACE": str(self.folder / f"{machine}-{trial}"),
            "OMNIX_STORE__PATH": str(self.folder / f"store-{trial}.sqlite"),
            "OMNIX_PUBLISH__LEASE_SECONDS": str(LEASE),
            "OMNIX_CONFIG": str(self.folder / "omnix.toml"),
        }
        shared = f"s3://shop/t{trial}"
        (self.folder / "omnix.toml").write_text(
            f'[imports]\n[[imports.sources]]\nkind = "products"\nfiles = ["{self.folder}/products.csv"]\n'
            f'[[imports.sources]]\nkind = "purchases"\nfiles = ["{self.folder}/purchases.csv"]\n'
        )
        program = ["-c", RUN, str(lease)] if lease else ["-m", "omnix_cli"]
        return running(*program, *arguments, "--workspace", shared, **settings)

    def wait_for_lock(self, trial: int, process: subprocess.Popen[str]) -> None:
        """Returns when the process has the lock: then its work begins."""
        while process.poll() is None:
            if self.client.list_objects_v2(Bucket="shop", Prefix=f"t{trial}/lock").get("Contents"):
                return
            time.sleep(0.02)

    def seconds(self) -> float:
        """How long a run takes, from the lock to its end: of a second one, since the first warms up the caches."""
        for trial in (9998, 9999):
            with self.run("first", trial, "run") as process:
                self.wait_for_lock(trial, process)
                began = time.monotonic()
                ended(process)
        return time.monotonic() - began

    def until_done(self, machine: str, trial: int, *arguments: str) -> tuple[int, str]:
        for _ in range(40):
            with self.run(machine, trial, *arguments) as process:
                code, said = ended(process)
            if code != LOCKED:
                break
            time.sleep(0.5)
        return code, said

    def state(self, trial: int) -> str | None:
        """The state of the published lists; None before the first publish."""
        import sqlite3

        file = self.folder / f"store-{trial}.sqlite"
        if not file.exists():
            return None
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
            try:
                rows = database.execute(
                    "SELECT document FROM \"omnix-ai-recommendations-dev\" WHERE id = 'control#published'"
                ).fetchall()
            except sqlite3.OperationalError:
                return None
        return json.loads(rows[0][0])["state"] if rows else None

    def problems(self, trial: int) -> list[str]:
        """What is wrong with the workspace after all: batches, rows, and whether a further run reuses everything."""
        content = self.client.get_object(Bucket="shop", Key=f"t{trial}/imports.json")["Body"].read()
        batches = orjson.loads(content)
        found = []
        if sorted(batch["kind"] for batch in batches) != ["products", "purchases"]:
            found.append(f"{len(batches)} imports stand in the ledger")
        accepted = sum(file["accepted"] for batch in batches if batch["kind"] == "purchases" for file in batch["files"])
        if accepted != self.rows:
            found.append(f"{accepted:,} of {self.rows:,} rows count")
        code, said = self.until_done("third", trial, "run", "--format", "json")
        if code != 0:
            found.append(f"the next run ended with {code}")
            print(said, file=sys.stderr)
        return found


@contextmanager
def machines() -> Iterator[Machines]:
    import boto3

    with ExitStack() as stack:
        url = stack.enter_context(moto_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fencing-")))
        client = boto3.client("s3", endpoint_url=url)
        client.create_bucket(Bucket="shop")
        yield Machines(folder, url, client)


def pause_machines(trials: int) -> Tally:
    tally, moments = Tally("s3"), Random(20261130)
    with machines() as shop:
        whole = shop.seconds()
        for trial in range(trials):
            with shop.run("first", trial, "run") as first:
                shop.wait_for_lock(trial, first)
                time.sleep(moments.uniform(0, 1) * whole)
                first.send_signal(signal.SIGSTOP)
                time.sleep(LEASE * 1.5 + 1)
                code, said = shop.until_done("second", trial, "run")
                first.send_signal(signal.SIGCONT)
                if code != 0:
                    tally.note(trial, f"the second one ended with {code}", is_wrong=code != 4)
                    print(said, file=sys.stderr)
                code, said = ended(first)
            tally.note(trial, f"the first one ended with {code}", is_wrong=code not in (0, LOCKED))
            if code not in (0, LOCKED):
                print(said, file=sys.stderr)
            for problem in shop.problems(trial):
                tally.note(trial, problem, is_wrong=True)
            for folder in shop.folder.glob(f"*-{trial}"):
                shutil.rmtree(folder)
    return tally


def interrupt_machines(trials: int) -> Tally:
    """Signals at random moments of `omnix run`: the exit code is 130, and nothing is published afterwards."""
    tally, moments = Tally("signals"), Random(20261201)
    with machines() as shop:
        whole = shop.seconds()
        for trial in range(trials):
            number = moments.choice([signal.SIGTERM, signal.SIGINT])
            with shop.run("first", trial, "run", lease=0) as process:
                shop.wait_for_lock(trial, process)
                try:
                    process.wait(moments.uniform(0, 1) * whole)
                except subprocess.TimeoutExpired:
                    before = shop.state(trial)
                    process.send_signal(number)
                    code, said = ended(process)
                    tally.note(trial, f"ended with {code}", is_wrong=code != INTERRUPTED)
                    if code != INTERRUPTED:
                        print(said, file=sys.stderr)
                    if before != "complete" and shop.state(trial) == "complete":
                        tally.note(trial, "published after the signal", is_wrong=True)
                else:
                    tally.note(trial, "ended before the signal")
    return tally


def main(trials: int, kinds: list[str]) -> int:
    """Prints what happened in the trials of each kind."""
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    wrong = 0
    for kind in kinds or ["sqlite", "dynamodb", "s3", "signals"]:
        if kind == "dynamodb":
            with run_ministack() as url:
                tally = pause_publishers(url, trials, kind)
        elif kind == "sqlite":
            tally = pause_publishers("", trials, kind)
        else:
            tally = pause_machines(trials) if kind == "s3" else interrupt_machines(trials)
        print(tally, flush=True)
        wrong += len(tally.wrong)
    return int(wrong > 0)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    sys.exit(main(numbers[0] if numbers else TRIALS, [argument for argument in sys.argv[1:] if not argument.isdigit()]))
