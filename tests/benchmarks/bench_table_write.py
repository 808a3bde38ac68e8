"""How many items a second one core can write to DynamoDB: our bulk writer beside boto3 and awswrangler.

    python -m tests.benchmarks.bench_table_write [ITEMS]        (default: 50,000)

Every client runs in a process of its own against a server that answers at once (`null_dynamodb`), so the client is
what is measured; `per core` counts the client's processor time, the server has the other core. The items are purchases
with 14 attributes, about 480 bytes of DynamoDB JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

ITEMS = 50_000
ROUNDS = 3

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
print(json.dumps([time.perf_counter() - before, time.process_time() - used]))
"""

_OMNIX = """
from datetime import UTC, datetime
from omnix_cli.stores.dynamodb.connect import Account, connect
from omnix_cli.stores.dynamodb.store import DynamoStore
account = Account(endpoint_url=endpoint, transport="{transport}")
store = DynamoStore(connect(account, now=lambda: datetime.now(UTC)), threads={threads})
def write():
    store.put_many("purchase-history", items)
"""

_OMNIX_READY = (
    _OMNIX
    + """
from omnix_cli.stores.dynamodb.writer import put_request
requests = [put_request(item["id"], encoded(item)) for item in items]
def write():
    store.writer("purchase-history").write(requests)
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
awswrangler.config.dynamodb_endpoint_url = endpoint
def write():
    awswrangler.dynamodb.put_items(items, table)
"""

CLIENTS = {
    "omnix, 1 thread": _OMNIX.format(transport="signed", threads=1),
    "omnix, 4 threads": _OMNIX.format(transport="signed", threads=4),
    "omnix, requests encoded before": _OMNIX_READY.format(transport="signed", threads=1),
    "omnix over boto3": _OMNIX.format(transport="boto3", threads=1),
    "boto3 client, no validation, encoded before": _CLIENT,
    "boto3 batch_writer": _BATCH_WRITER,
    "awswrangler put_items": _WRANGLER,
}


def main(items: int) -> None:
    """Prints the table."""
    print(f"{'client':<46} {'items/s':>9} {'per core':>9} {'us/item':>8}")
    for name, program in CLIENTS.items():
        figures = [measure(program, items) for _ in range(ROUNDS)]
        wall, processor = (min(values) for values in zip(*figures, strict=True))
        print(
            f"{name:<46} {items / wall:>9,.0f} {items / processor:>9,.0f} {processor / items * 1e6:>8.1f}", flush=True
        )


def measure(program: str, items: int) -> tuple[float, float]:
    """Seconds and processor seconds of one client, with a server of its own."""
    account = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-m", "tests.benchmarks.null_dynamodb"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        endpoint = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        try:
            done = subprocess.run(
                [sys.executable, "-c", _COMMON + program + _REPORT, str(items), endpoint],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, **account},
            )
        finally:
            server.kill()
    wall, processor = json.loads(done.stdout)
    return wall, processor


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS)
