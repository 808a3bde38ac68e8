"""How many items a second one core can write to DynamoDB: our bulk writer beside boto3 and awswrangler.

    python -m tests.benchmarks.bench_table_write [ITEMS] [--rounds 3]        (default: 50,000 items)

Every client runs in a process of its own against a server that answers at once (`null_dynamodb`), so the client is
what is measured; `per core` counts the client's processor time, the server has the other core. The credentials are
temporary ones, with a session token to sign. The items are purchases with 14 attributes, about 480 bytes of DynamoDB
JSON, from what each client takes: a frame (of polars or pandas) or dictionaries. `lists` are what publishing writes:
recommendations of ten products, about 2,800 bytes, and as many as a tenth of the items.

awswrangler needs an older pyarrow than we have, so it runs in the environment that BENCH_PEERS names; `make bench`
makes it. Without that environment its rows say so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PEERS = Path(os.environ.get("BENCH_PEERS", Path(__file__).parents[2] / ".venv-peers")) / "bin" / "python"

_COMMON = """
import json, os, sys, time
from decimal import Decimal
count, endpoint = int(sys.argv[1]), sys.argv[2]
table = "omnix-ai-purchase-history-dev"
items = [
    {
        "id": f"p{number:07d}",
        "customerId": f"c{number % 999}",
        "productId": f"product-{number % 777}",
        "purchaseDate": "2026-01-01T10:00:00.000Z",
        "quantity": number % 7 + 1,
        "unitPrice": Decimal("1.50"),
        "totalPrice": Decimal("13.50"),
        "orderId": f"o{number // 5}",
        "storeLocation": "Store number 12",
        "promotionUsed": False,
        "rating": 5,
        "review": "a fine product, would buy it again and again",
        "tags": ["a", "b"],
        "note": "x" * 60,
    }
    for number in range(count)
]
"""

_REPORT = """
before, used = time.perf_counter(), time.process_time()
write()
print(json.dumps([time.perf_counter() - before, time.process_time() - used, len(items)]))
"""

_OMNIX = """
from datetime import UTC, datetime
import polars as pl
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.dynamodb.store import DynamoStore
account = StoreSettings(endpoint_url=endpoint, transport="{transport}")
store = DynamoStore(connect(account, now=lambda: datetime.now(UTC)), threads={threads})
frame = pl.DataFrame(items)
def write():
    store.put_many("purchase-history", {what})
"""

_OMNIX_LISTS = (
    _OMNIX
    + """
from omnix_cli.services.publishing.list_items import Edition, lists_of
from tests.benchmarks.published_lists import PublishedLists
items = items[: count // 10]
pieces = list(lists_of(PublishedLists(len(items))))
edition = Edition.of("run", now=datetime.now(UTC), lifetime_days=7)
def write():
    for piece in pieces:
        store.put_many("recommendations", edition.items(piece))
"""
)

_BATCH_WRITER = """
import boto3
resource = boto3.resource("dynamodb", endpoint_url=endpoint).Table(table)
def write():
    with resource.batch_writer() as batch:
        for item in items:
            batch.put_item(item)
"""

_CLIENT = """
import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
client = boto3.client("dynamodb", endpoint_url=endpoint, config=Config(parameter_validation=False))
serialize = TypeSerializer().serialize
requests = [{"PutRequest": {"Item": serialize(item)["M"]}} for item in items]
def write():
    for first in range(0, count, 25):
        client.batch_write_item(RequestItems={table: requests[first : first + 25]})
"""

_WRANGLER = """
import awswrangler
import pandas
awswrangler.config.dynamodb_endpoint_url = endpoint
frame = pandas.DataFrame(items)
def write():
    awswrangler.dynamodb.{call}, table)
"""


class Client(NamedTuple):
    """A program that defines `write`, and the Python that runs it."""

    program: str
    python: str = sys.executable


CLIENTS = {
    "omnix, frame": Client(_OMNIX.format(transport="signed", threads=1, what="frame")),
    "omnix, frame, 4 threads": Client(_OMNIX.format(transport="signed", threads=4, what="frame")),
    "omnix, dictionaries": Client(_OMNIX.format(transport="signed", threads=1, what="items")),
    "omnix, frame, over boto3": Client(_OMNIX.format(transport="boto3", threads=1, what="frame")),
    "omnix, lists": Client(_OMNIX_LISTS.format(transport="signed", threads=1, what="frame")),
    "boto3 client, no validation, encoded before": Client(_CLIENT),
    "boto3 batch_writer": Client(_BATCH_WRITER),
    "awswrangler put_df": Client(_WRANGLER.format(call="put_df(frame"), str(PEERS)),
    "awswrangler put_items": Client(_WRANGLER.format(call="put_items(items"), str(PEERS)),
}


def main(items: int, rounds: int) -> None:
    """Prints the table."""
    print(f"{'client':<46} {'items/s':>9} {'per core':>9} {'us/item':>8}")
    for name, client in CLIENTS.items():
        if not Path(client.python).exists():
            print(f"{name:<46} not installed: `make bench` installs it", flush=True)
            continue
        figures = [measure(client, items) for _ in range(rounds)]
        wall, processor = (min(values) for values in zip(*figures, strict=True))
        print(f"{name:<46} {1 / wall:>9,.0f} {1 / processor:>9,.0f} {processor * 1e6:>8.1f}", flush=True)


def measure(client: Client, items: int) -> tuple[float, float]:
    """Seconds and processor seconds an item of one client, with a server of its own."""
    account = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_SESSION_TOKEN": "t" * 400,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "tests.benchmarks.null_dynamodb"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        endpoint = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        try:
            done = subprocess.run(
                [client.python, "-c", _COMMON + client.program + _REPORT, str(items), endpoint],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **account},
            )
        finally:
            server.kill()
    wall, processor, written = json.loads(done.stdout)
    return wall / written, processor / written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int, nargs="?", default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
