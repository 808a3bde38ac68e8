"""How fast `omnix serve` answers reads: profiles, purchases and recommendations in turn, each of another customer, with
the token of a service, from the embedded store.

    python -m tests.benchmarks.bench_serving --journey [HOUSEHOLDS] [--seconds 20] [--rate 500]      Complete Journey
    python -m tests.benchmarks.bench_serving [CUSTOMERS] ...                    made up (default: 50,000 customers)

The first publishes the whole of Complete Journey, with every order line, which takes about two minutes; `--store FILE`
keeps it for the next time. The client is a process of its own and sends at planned times; latency counts from the
planned time. Then the rate is raised until requests fail or the slowest 1 % take 50 ms.
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
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.served_shops import customers_of, journey, made_up
from tests.integration.http_api.doors import AUDIENCE, ISSUER, SECRET, SERVICE, serving, token

LIMIT_SECONDS = 0.05
STEP = 1.25
READS = ("/v1/customers/{}/profile", "/v1/customers/{}/purchases", "/recommendations/customers/{}")


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


def requests(customers: Sequence[str], count: int) -> list[str]:
    """Whole requests; the customers are the same every time."""
    chosen = random.Random(7)
    bearer = token(*SERVICE, exp=int(time.time()) + 86_400)
    return [
        f"GET {READS[number % len(READS)].format(chosen.choice(customers))} HTTP/1.1\r\n"
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
    parser.add_argument(
        "--journey", type=int, nargs="?", const=0, metavar="HOUSEHOLDS", help="Complete Journey (default: the whole)"
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--rates", type=int, default=20, help="how many rates to try at most")
    parser.add_argument("--store", type=Path, help="a file to make the data in and to keep; made already: use it")
    options = parser.parse_args()
    settings = {"API__SECRET": SECRET, "API__ISSUER": ISSUER, "API__AUDIENCE": AUDIENCE}
    with tempfile.TemporaryDirectory() as folder:
        path = options.store or Path(folder) / "store.sqlite"
        if not path.exists() and options.journey is None:
            made_up(path, options.customers)
        elif not path.exists():
            journey(path, Path(folder), options.journey or None)
        asked = requests(customers_of(path), 3_000)
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
