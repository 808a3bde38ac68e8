"""Runs omnix against a DynamoDB whose answers are strange, and compares what it says about costs with what is charged.

    python -m tests.soaks.dynamodb_answers [ROUNDS]

In each of the rounds (by default 60), every command meets an answer that DynamoDB never gives, alone or among good
ones, and may end with 0 or 4 only; and a workspace publishes random lists three times and copies a random table, while
a proxy counts as AWS documents it. Ends with 1 if anything else happens."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO, StringIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from omnix_cli.cli import main as omnix
from omnix_cli.services.migrations.copying import CopyOptions, copy
from omnix_cli.services.migrations.sides import Source, Target
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import Retries
from omnix_cli.stores.migrations.journal import Journals
from tests.aws.accounts import ENVIRONMENT, LEFT_OUT, new_stage, store_maker
from tests.aws.counting_proxy import CountingProxy
from tests.aws.emulators import run_ministack
from tests.aws.fault_proxy import STRANGE, FaultProxy
from tests.cli.conftest import write_shop
from tests.integration.test_strange_answers import COMMANDS
from tests.integration.test_table_exports import item
from tests.unit.services.publishing.publishing_shop import DAY, NOW, PublishingShop, entries, homepage

ROUNDS = 60
TABLE = "purchase-history"
TEXTS = ("x", "Brot für zwei", "é" * 300, "a longer name of a product " * 9)


def main(rounds: int) -> int:
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    with run_ministack() as url:
        return int(strange_answers(url, rounds) > 0) | int(costs(url, rounds) > 0)


def strange_answers(url: str, rounds: int) -> int:
    """Prints each command that ended in another way than with 0 or 4; returns how many."""
    ended = wrong = 0
    stage, here = new_stage(), Path.cwd()
    with closing(store_maker(url, stage=stage)()) as store:
        store.create_tables()
        store.put_many(TABLE, map(item, range(20)))
    settings = {"STAGE": stage, "TABLES__OWN_PRODUCTS": "true", "KIND": "dynamodb"}
    os.environ.update({f"OMNIX_STORE__{name}": value for name, value in settings.items()})
    at_once = patch.object(Retries, "wait", lambda self, attempt, *, throttled: None)
    with tempfile.TemporaryDirectory() as folder, at_once:
        os.chdir(folder)
        write_shop(Path(folder))
        for command in (("import", "products", "products.csv"), ("import", "purchases", "purchases.csv"), ("run",)):
            run(url, command)
        for transport, share, strange in islice(cases(), rounds):
            shutil.rmtree("exported", ignore_errors=True)
            os.environ["OMNIX_STORE__TRANSPORT"] = transport
            with FaultProxy(url, share=share, faults=("strange",), strange=[strange]) as proxy:
                for command in COMMANDS:
                    code, said = run(proxy.url, command)
                    ended += 1
                    if code not in (0, 4):
                        wrong += 1
                        print(f"{transport} {share} {strange}: {' '.join(command)} ended with {code}: {said[-300:]}")
        os.chdir(here)
    print(f"{ended} commands met strange answers, {wrong} ended in another way than with 0 or 4")
    return wrong


def cases() -> Iterator[tuple[str, float, tuple[int, bytes]]]:
    for strange in STRANGE:
        yield from (("signed", 1.0, strange), ("signed", 0.5, strange), ("boto3", 1.0, strange))


def run(url: str, command: tuple[str, ...]) -> tuple[int, str]:
    os.environ["OMNIX_STORE__ENDPOINT_URL"] = url
    said = StringIO()
    with redirect_stdout(TextIOWrapper(BytesIO())), redirect_stderr(said):
        code = omnix(command)
    return code, said.getvalue()


def costs(url: str, rounds: int) -> int:
    """Prints each figure that differs from what is charged; returns how many."""
    told = wrong = 0
    for seed in range(rounds):
        with CountingProxy(url) as proxy, tempfile.TemporaryDirectory() as folder:
            for what, said, charged in (
                *publishes(url, proxy, Path(folder), seed),
                *copies(url, proxy, Path(folder), seed),
            ):
                told += 1
                if said != charged:
                    wrong += 1
                    print(f"round {seed}, {what}: {said} said, {charged} charged")
    print(f"{told} figures compared with what is charged, {wrong} differ")
    return wrong


def publishes(url: str, proxy: CountingProxy, folder: Path, seed: int) -> Iterator[tuple[str, int, int]]:
    chance, stage, shop = Random(seed), new_stage(), PublishingShop(folder)
    with closing(store_maker(url, stage=stage)()) as unseen:
        unseen.create_tables()
    with closing(store_maker(proxy.url, stage=stage)()) as store:
        for night in range(3):
            proxy.writes.clear()
            proxy.counts.clear()
            report = shop.publish(*random_lists(chance), store=store, now=NOW + night * 3 * DAY)
            yield f"publish {night}", report.units, proxy.write_units - proxy.counts["PutItem"]
    shop.store.close()


def random_lists(chance: Random) -> list[list[dict[str, Any]]]:
    found = []
    for number in range(12):
        names = {f"{chance.choice(TEXTS)}{rank}" for rank in range(chance.randrange(5))}
        columns = {"score": chance.randrange(10_001) / 10_000, "reason": chance.choice(TEXTS)}
        own = homepage(f"c{number}", *names, **columns)
        found.append(own if number % 3 else entries(f"similar#{number}", "similar", *names, **columns))
    return [one for one in found if one]


def copies(url: str, proxy: CountingProxy, folder: Path, seed: int) -> Iterator[tuple[str, float, float]]:
    chance = Random(seed)
    stages = new_stage(), new_stage()
    for stage, share in zip(stages, (0.8, 0.5), strict=True):
        with closing(store_maker(url, stage=stage)()) as unseen:
            unseen.create_tables()
            unseen.put_many(TABLE, [random_item(chance, number) for number in range(60) if chance.random() < share])
    source, target = (store_maker(proxy.url, stage=stage)() for stage in stages)
    with closing(source), closing(target):
        proxy.writes.clear()
        proxy.read_units = 0.0
        place = Target(target, StoreSettings(kind="dynamodb"))
        journals = Journals(folder / "journals", lambda: datetime.now(UTC))
        (report,) = copy([TABLE], Source(source), place, journals, options=CopyOptions()).tables
        yield "copy, written", report.write_units, proxy.write_units
        yield "copy, read", report.read_units, -(-proxy.read_units // 1)


def random_item(chance: Random, number: int) -> dict[str, Any]:
    values = (
        chance.choice(TEXTS),
        Decimal(chance.randrange(10**6)) / 8,
        bytes(chance.randrange(2_500)),
        [1, None],
        {"é"},
    )
    more = {f"attribute{place}": chance.choice(values) for place in range(chance.randrange(4))}
    return {**item(number, customerId=f"c{chance.randrange(3)}"), "id": f"p{number}", **more}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
