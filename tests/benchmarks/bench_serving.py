"""How fast `omnix serve` answers reads: profiles, purchases and recommendations in turn, each of another customer, with
the token of a service, from the embedded store.

    python -m tests.benchmarks.bench_serving [CUSTOMERS] [--seconds 20] [--rate 500]        (default: 50,000 customers)

A customer has a profile, two lists and ten purchases. The client is a process of its own and sends at planned times;
latency counts from the planned time. Then the rate is raised until requests fail or the slowest 1 % take 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from omnix_cli.services.customers.customer_side import TABLES
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.integration.http_api.doors import AUDIENCE, ISSUER, SECRET, SERVICE, serving, token

PRODUCTS, ENTRIES, PURCHASES = 777, 10, 10
LIMIT_SECONDS = 0.05
STEP = 1.25
READS = ("/v1/customers/{}/profile", "/v1/customers/{}/purchases", "/recommendations/customers/{}")
NOW = datetime.now(UTC)


class Measured(NamedTuple):
    """Seconds at p50, p99, p99.9; failed requests; the server's processor time for a request."""

    p50: float
    p99: float
    p999: float
    failed: int
    processor: float

    def __str__(self) -> str:
        times = " / ".join(f"{seconds * 1000:.2f}" for seconds in (self.p50, self.p99, self.p999))
        return f"p50 / p99 / p99.9 {times} ms, {self.failed} failed, {self.processor * 1000:.2f} ms of a core each"


def product(number: int) -> str:
    return f"product-{number % PRODUCTS}"


def published(customer: int, context: str) -> dict[str, Any]:
    entries = [
        {
            "productId": product(customer + rank),
            "productName": f"Fresh milk of the farm, {rank} l",
            "score": Decimal(997 - rank) / 1000,
            "reason": f"bought {rank + 2} times, last on Monday",
            "tags": ["dairy"],
            "rank": rank,
            "confidence": Decimal("0.71"),
        }
        for rank in range(1, ENTRIES + 1)
    ]
    return {
        "id": f"c{customer}#{context}",
        "customerId": f"c{customer}",
        "recommendations": entries,
        "algorithmType": "personal",
        "confidence": Decimal("0.71"),
        "context": context,
        "generatedAt": NOW.isoformat(timespec="milliseconds"),
        "ttl": int((NOW + timedelta(days=7)).timestamp()),
        "status": "active",
    }


def bought(customer: int) -> Iterator[dict[str, Any]]:
    for number in range(PURCHASES):
        yield {
            "id": f"p{customer}-{number}",
            "customerId": f"c{customer}",
            "productId": product(customer + number),
            "quantity": 1,
            "unitPrice": Decimal("1.99"),
            "totalPrice": Decimal("1.99"),
            "purchaseDate": (NOW - timedelta(days=7 * number)).isoformat(timespec="milliseconds"),
            "promotionUsed": False,
        }


def fill(path: Path, customers: int) -> None:
    store = SqliteStore(path)
    store.create_tables((*TABLES, "products"))
    everyone = range(customers)
    store.put_many(
        "customer-profiles",
        (
            {"customerId": f"c{one}", "demographics": {"age": 50}, "preferences": {"brandPreferences": ["Alp"]}}
            | {"createdAt": NOW.isoformat(), "updatedAt": NOW.isoformat(), "version": 1}
            for one in everyone
        ),
    )
    store.put_many(
        "recommendations", (published(one, context) for one in everyone for context in ("homepage", "usual"))
    )
    store.put_many("purchase-history", (line for one in everyone for line in bought(one)))
    store.put_many(
        "products",
        (
            {"id": product(one), "name": "Fresh milk", "category": "Dairy", "price": Decimal("1.99")}
            for one in range(PRODUCTS)
        ),
    )
    store.close()


def requests(customers: int, count: int) -> list[str]:
    """Whole requests; the customers are the same every time."""
    chosen = random.Random(7)
    bearer = token(*SERVICE, exp=int(time.time()) + 86_400)
    return [
        f"GET {READS[number % len(READS)].format(f'c{chosen.randrange(customers)}')} HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n\r\n"
        for number in range(count)
    ]


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(pid: int, port: int, rate: float, seconds: float, asked: list[str]) -> Measured:
    before = processor_seconds(pid)
    command = [sys.executable, "-m", "tests.benchmarks.open_loop", str(port), str(rate), str(seconds)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    answered = json.loads(done.stdout)
    times, statuses = sorted(answered["latencies"]), answered["statuses"]
    p50, p99, p999 = (times[min(int(len(times) * share), len(times) - 1)] for share in (0.5, 0.99, 0.999))
    failed = sum(status != 200 for status in statuses)
    return Measured(p50, p99, p999, failed, (processor_seconds(pid) - before) / len(statuses))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("customers", type=int, nargs="?", default=50_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--rates", type=int, default=20, help="how many rates to try at most")
    parser.add_argument("--store", type=Path, help="a file to make the data in and to keep; made already: use it")
    options = parser.parse_args()
    settings = {"API__SECRET": SECRET, "API__ISSUER": ISSUER, "API__AUDIENCE": AUDIENCE}
    with tempfile.TemporaryDirectory() as folder:
        path = options.store or Path(folder) / "store.sqlite"
        if not path.exists():
            fill(path, options.customers)
        asked = requests(options.customers, 3_000)
        more = {"STORE__PATH": str(path), "API__SERVICE_REQUESTS": "1e6"}
        with serving(Path(folder), **settings, **more) as server:
            pid = server.process.pid
            ask(pid, server.port, options.rate / 5, 1, asked)
            held = 0.0
            for step in range(options.rates):
                rate, seconds = options.rate * STEP**step, options.seconds / (4 if step else 1)
                found = ask(pid, server.port, rate, seconds, asked)
                print(f"{rate:.0f} requests a second: {found}", flush=True)
                if found.failed or found.p99 > LIMIT_SECONDS:
                    break
                held = rate
    print(f"the highest rate that was held: {held:.0f} requests a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
