"""A server that answers every scan with the same page of 2,400 purchases, so that only the client's work is measured.

python -m tests.benchmarks.replayed_scan PAGES     prints its port and serves until it is killed
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import zlib
from random import Random
from uuid import UUID

import orjson

PAGE_ITEMS = 2_400


def _item(number: int, random: Random) -> dict[str, dict[str, str | bool]]:
    """A purchase whose values vary as real ones do, so that it packs as they do."""
    price, quantity = random.randrange(100, 9_999), random.randint(1, 7)
    return {
        "id": {"S": str(UUID(int=random.getrandbits(128), version=4))},
        "customerId": {"S": f"c{random.randrange(100_000):05}"},
        "productId": {"S": f"product-{random.randrange(7_777):04}"},
        "purchaseDate": {"S": f"2026-01-{random.randint(1, 28):02}T{random.randrange(24):02}:00:{number % 60:02}.000Z"},
        "quantity": {"N": str(quantity)},
        "unitPrice": {"N": f"{price / 100:.2f}"},
        "totalPrice": {"N": f"{price * quantity / 100:.2f}"},
        "storeLocation": {"S": f"Store number {random.randint(10, 99)}"},
        "promotionUsed": {"BOOL": number % 3 == 0},
        "rating": {"N": str(random.randint(1, 5))},
        "review": {"S": _words(random, 44)},
        "note": {"S": _words(random, 40)},
    }


def _words(random: Random, length: int) -> str:
    return " ".join(random.choices(_WORDS, k=length))[:length]


_WORDS = ["".join(Random(number).choices("etaoinshrdlu", k=2 + number % 8)) for number in range(2_000)]
_ITEMS = orjson.dumps([_item(number, random) for random in [Random(1)] for number in range(PAGE_ITEMS)])
_TABLE = b'{"Table":{"TableArn":"arn","TableId":"id","TableStatus":"ACTIVE","ItemCount":0}}'
_START = re.compile(rb'"ExclusiveStartKey"\s*:\s*\{\s*"id"\s*:\s*\{\s*"S"\s*:\s*"(\d+)"')


def answer(request: bytes, pages: int) -> bytes:
    """What the service says to a request."""
    if b"DescribeTable" in request:
        return _TABLE
    start = _START.search(request)
    number = int(start[1]) + 1 if start else 1
    last = b"" if number == pages else b'"LastEvaluatedKey":{"id":{"S":"%d"}},' % number
    used = b'"ConsumedCapacity":{"CapacityUnits":128.0,"TableName":"t"}'
    return b'{%b,"Count":%d,"Items":%b,%b"ScannedCount":%d}' % (used, PAGE_ITEMS, _ITEMS, last, PAGE_ITEMS)


def serve(connection: socket.socket, pages: int) -> None:
    """Reads requests, which are short, and answers them until the client leaves."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    while more := connection.recv(1 << 16):
        received += more
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not length or len(body) < int(length[1]):
            continue
        content = answer(received, pages)
        received = b""
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"Content-Length: %d\r\nx-amz-crc32: %d\r\n\r\n" % (len(content), zlib.crc32(content)) + content
        )


def main(pages: int) -> None:
    """Serves on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, pages), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
