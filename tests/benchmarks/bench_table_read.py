"""How many items a second one core can read from DynamoDB: our import beside orjson and boto3.

    python -m tests.benchmarks.bench_table_read [PAGES] [--rounds 3]        (default: 40 pages)

Every client runs in a process of its own against a server that answers each scan with the same page (`replayed_scan`:
2,400 purchases with 12 attributes, 1 MB), so the client is what is measured. `us/item` is its processor time. The floor
is what polars takes for a page whose types are known beforehand, nothing checked, nothing kept, nothing odd expected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from tests.benchmarks.replayed_scan import PAGE_ITEMS

_COMMON = """
import json, os, sys, tempfile, time
from datetime import UTC, datetime
from pathlib import Path
import polars
endpoint, table = sys.argv[1], "omnix-ai-purchase-history-dev"
now = lambda: datetime.now(UTC)
"""

_REPORT = """
before, used = time.perf_counter(), time.process_time()
items = read()
print(json.dumps([items, time.perf_counter() - before, time.process_time() - used]))
"""

_IMPORT = """
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.inputs.dynamodb.scanned_table import scanned
from omnix_cli.stores.inputs.dynamodb.scanning import TableScan
from omnix_cli.stores.dynamodb.client.service import Service
from omnix_cli.stores.inputs.recipes import load_mapping
service, mapping = Service(connect(StoreSettings(endpoint_url=endpoint), now=now)), load_mapping("purchases")
def read():
    with tempfile.TemporaryDirectory() as folder:
        with scanned(TableScan(service, table, Path(folder) / "scan", now, segments=1)) as source:
            with source.open("table", mapping) as opened:
                return sum(chunk.rows.height for chunk in opened.chunks())
"""

_TRANSPORT = """
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.inputs.dynamodb.scanning import page_end
transport = connect(StoreSettings(endpoint_url=endpoint), now=now)
def pages():
    start = {}
    while start is not None:
        page = transport.raw("Scan", {"TableName": table, **start})
        yield page
        position = page_end(page).position
        start = None if position is None else {"ExclusiveStartKey": position}
"""

_COLUMNS = (
    _TRANSPORT
    + """
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.dynamodb.scanned_table import OpenTable
from omnix_cli.stores.inputs.recipes import load_mapping
def read():
    opened = OpenTable("table", pages(), 1, ItemChunks(load_mapping("purchases"), now()), str)
    return sum(chunk.rows.height for chunk in opened.chunks())
"""
)

_FLOOR = """
import http.client
import polars as pl
text, number = pl.Struct({"S": pl.String}), pl.Struct({"N": pl.String})
item = pl.Struct({
    "id": text, "customerId": text, "productId": text, "purchaseDate": text, "quantity": number, "unitPrice": number,
    "totalPrice": number, "storeLocation": text, "promotionUsed": pl.Struct({"BOOL": pl.Boolean}), "rating": number,
    "review": text, "note": text,
})
schema = pl.Struct({"Items": pl.List(item), "LastEvaluatedKey": pl.Struct({"id": text})})
values = [pl.col(field.name).struct.field(field.dtype.fields[0].name).alias(field.name) for field in item.fields]
connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))
def read():
    items, start = 0, {}
    while start is not None:
        connection.request("POST", "/", json.dumps({"TableName": table, **start}))
        page = pl.Series([connection.getresponse().read()], dtype=pl.Binary).cast(pl.String).str.json_decode(schema)
        items += page.struct.field("Items").explode().struct.unnest().select(values).height
        last = page.struct.field("LastEvaluatedKey")[0]
        start = None if last is None or last["id"] is None else {"ExclusiveStartKey": last}
    return items
"""

_ORJSON = (
    _TRANSPORT
    + """
import orjson
def read():
    return sum(len(orjson.loads(page)["Items"]) for page in pages())
"""
)

_VALUES = """
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.dynamodb.store import DynamoStore
store = DynamoStore(connect(StoreSettings(endpoint_url=endpoint), now=now))
def read():
    return sum(1 for item in store.scan("purchase-history"))
"""

_CLIENT = """
import boto3
client = boto3.client("dynamodb", endpoint_url=endpoint)
def read():
    pages = client.get_paginator("scan").paginate(TableName=table)
    return sum(len(page["Items"]) for page in pages)
"""

_RESOURCE = """
import boto3
resource = boto3.resource("dynamodb", endpoint_url=endpoint).Table(table)
def read():
    items, start = 0, {}
    while True:
        page = resource.scan(**start)
        items += len(page["Items"])
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
"""

CLIENTS = {
    "floor: raw HTTP, polars with known types": _FLOOR,
    "omnix import: pages on disk, then columns": _IMPORT,
    "omnix: columns": _COLUMNS,
    "omnix connection, orjson, tagged values": _ORJSON,
    "omnix: Python values": _VALUES,
    "boto3 client, tagged values": _CLIENT,
    "boto3 resource, Python values": _RESOURCE,
}


def main(pages: int, rounds: int) -> None:
    """Prints the table."""
    print(f"{'client':<46} {'items/s':>9} {'per core':>9} {'us/item':>8}")
    for name, program in CLIENTS.items():
        fewer = max(min(2, pages), pages // 8) if program in (_CLIENT, _RESOURCE) else pages
        figures = [measure(program, fewer) for _ in range(rounds)]
        wall, processor = (min(values) / PAGE_ITEMS / fewer for values in zip(*figures, strict=True))
        print(f"{name:<46} {1 / wall:>9,.0f} {1 / processor:>9,.0f} {processor * 1e6:>8.1f}", flush=True)


def measure(program: str, pages: int) -> tuple[float, float]:
    """Seconds and processor seconds of one client, with a server of its own."""
    account = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-m", "tests.benchmarks.replayed_scan", str(pages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        endpoint = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        try:
            done = subprocess.run(
                [sys.executable, "-c", _COMMON + program + _REPORT, endpoint],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **account},
            )
        finally:
            server.kill()
    items, wall, processor = json.loads(done.stdout)
    assert items == pages * PAGE_ITEMS
    return wall, processor


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=int, nargs="?", default=40)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
