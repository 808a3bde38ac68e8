"""Copies that are killed, stopped or throttled lose nothing, continue, and can still be undone."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import orjson

from tests.aws.fault_proxy import FaultProxy
from tests.integration.migrations.conftest import TABLE, Omnix, Side, by_id, purchase, started

SMALL_CHUNKS = (
    "import os, sys; from omnix_cli.api.opening import Opening; from omnix_cli.api.tables import Tables;"
    "Tables(Opening(environment=os.environ), chunk_items=25).copy(sys.argv[1:2], target=sys.argv[2:])"
)
COMMAND = "import sys; from omnix_cli.cli import main; sys.exit(main(sys.argv[1:]))"


def test_a_killed_copy_continues_and_can_still_be_undone(
    omnix: Omnix, source: Side, target: Side, tmp_path: Path
) -> None:
    moments = random.Random(20260302)
    source.put([purchase(number) for number in range(1_000)])
    before = [purchase(number, quantity=77) for number in range(0, 1_000, 5)] + [purchase(9_999)]
    target.put(before)
    for _ in range(2):
        chunks = moments.randint(1, 8)
        with started(SMALL_CHUNKS, TABLE, *target.place, folder=tmp_path, chunks=chunks) as process:
            time.sleep(moments.random() / 50)
            process.kill()
        assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    row = orjson.loads(omnix("copy", TABLE, *target.to(), "--format", "json"))[0]
    assert (row["read"], row["added"], row["changed"], row["unchanged"]) == (1_000, 800, 200, 0)
    assert len(list((tmp_path / ".omnix" / "migrations").glob("*/run.json"))) == 1
    assert target.items() == source.items() | {"p009999": purchase(9_999)}
    assert "0 missing, 1 extra, 0 different" in omnix("verify", TABLE, *target.to(), code=5)
    omnix("undo", "latest")
    assert target.items() == by_id(before)


def test_a_copy_that_gets_a_signal_stops_and_continues(omnix: Omnix, source: Side, tmp_path: Path) -> None:
    source.put([{"id": f"p{number:06d}"} for number in range(15_000)])
    place = ["--to", "stage=other", "--create"]
    with started(COMMAND, "tables", "copy", TABLE, *place, folder=tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        _, printed = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "continues where it stopped" in printed
    row = orjson.loads(omnix("copy", TABLE, *place, "--format", "json"))[0]
    assert (row["read"], row["added"]) == (15_000, 15_000)
    assert len(list((tmp_path / ".omnix" / "migrations").glob("*/run.json"))) == 1


def test_nothing_is_lost_when_the_service_fails_now_and_then(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([purchase(number) for number in range(400)])
    before = [purchase(number, quantity=77) for number in range(0, 400, 10)] + [purchase(900)]
    dynamodb.put(before)
    url = next(setting for setting in dynamodb.place if setting.startswith("endpoint_url=")).partition("=")[2]
    with FaultProxy(url, seed=3) as proxy:
        through = [text.replace(url, proxy.url) for text in dynamodb.to()]
        omnix("copy", TABLE, *through)
        assert dynamodb.items() == source.items() | {"p000900": purchase(900)}
        assert "0 missing, 1 extra, 0 different" in omnix("verify", TABLE, *through, code=5)
        omnix("undo", "latest")
        assert dynamodb.items() == by_id(before)
    assert proxy.counts["requests"] > 20
    assert proxy.counts.keys() > {"throttled", "unprocessed"}
