"""The double as a process of its own: `python -m tests.aws.bedrock --port 8100`. Prints its address and serves until it
is stopped; `/_double/counts` tells what was asked and what is to be paid."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress

from tests.aws.bedrock.behaviour import Behaviour
from tests.aws.bedrock.faults import all_faults
from tests.aws.bedrock.server import BedrockDouble


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.aws.bedrock", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--s3-endpoint", help="where batch jobs read and write")
    parser.add_argument(
        "--faults", type=float, default=0.0, metavar="SHARE", help="the share of requests that go wrong"
    )
    parser.add_argument("--requests-per-minute", type=float, help="what is admitted; the rest is throttled")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="how long an answer takes")
    parser.add_argument("--min-records", type=int, default=100, help="the least records of a batch job")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    behaviour = Behaviour(
        requests_per_minute=given.requests_per_minute, latency_seconds=given.latency, min_records=given.min_records
    )
    faults = all_faults(given.faults) if given.faults else ()
    double = BedrockDouble(behaviour, faults=faults, seed=given.seed, s3_endpoint=given.s3_endpoint, port=given.port)
    with double, suppress(KeyboardInterrupt):
        print(double.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
