"""Writes many items to an emulator of DynamoDB through a proxy that fails three requests in ten, and reads them back.

    python -m tests.soaks.tables_under_faults [ITEMS] [URL]

Half of them are written as dictionaries, half as a frame. By default 100,000 items and ministack, which keeps
everything in memory (about 17 kB an item); the URL of another emulator can be given. Ends with 1 when an item is
missing, doubled, or not as it was written.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl

from omnix_cli.stores.dynamodb.client.service import Retries
from tests.aws.accounts import ENVIRONMENT, LEFT_OUT, store_maker
from tests.aws.emulators import run_ministack
from tests.aws.fault_proxy import FaultProxy

ITEMS = 100_000


def item(number: int) -> dict[str, Any]:
    """The item of that number; always the same."""
    return {"id": f"p{number:08d}", "category": f"c{number % 97}", "stock": number, "price": Decimal(number) / 100}


def main(items: int, url: str | None) -> int:
    """Prints what was written and which requests failed."""
    for name in LEFT_OUT:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    with ExitStack() as stack:
        upstream = url or stack.enter_context(run_ministack())
        proxy = stack.enter_context(FaultProxy(upstream, share=0.3, seed=20261123))
        retries = Retries(attempts=30, random=Random(1))
        store = stack.enter_context(closing(store_maker(proxy.url, retries=retries, threads=8)()))
        store.create_tables()
        began = time.perf_counter()
        store.put_many("products", map(item, range(items // 2)))
        store.put_many("products", pl.DataFrame([item(number) for number in range(items // 2, items)]))
        wrote = time.perf_counter()
        seen = bytearray(items)
        wrong = 0
        for found in store.scan("products"):
            number = int(found["id"][1:])
            wrong += found != item(number)
            seen[number] += 1
        read = time.perf_counter()
        print(f"{items:,} items written in {wrote - began:.1f} s, read back in {read - wrote:.1f} s")
        print(f"missing {seen.count(0):,}, doubled {items - seen.count(0) - seen.count(1):,}, wrong {wrong:,}")
        print(", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in sorted(proxy.counts.items())))
    return int(seen.count(1) != items or wrong > 0)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    urls = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    sys.exit(main(numbers[0] if numbers else ITEMS, urls[0] if urls else None))
