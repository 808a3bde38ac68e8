"""A copy uses no more write units than it may."""

from __future__ import annotations

import time

import pytest

from omnix_cli.cli import main
from tests.integration.migrations.conftest import TABLE, Omnix, Side, purchase

# 600 units: an item of less than 1 KB in the table and two indexes. Those of one second may have been saved up, and the
# last batch (of 25 items) is sent without waiting for what it uses.
LEAST_SECONDS = (600 - 300 - 75) / 300


def test_a_copy_keeps_to_its_write_units(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([purchase(number) for number in range(200)])
    began = time.monotonic()
    omnix("copy", TABLE, *dynamodb.to(), "--create", "--max-write-units", "300")
    assert time.monotonic() - began >= LEAST_SECONDS
    assert len(dynamodb.items()) == 200


def test_a_copy_keeps_to_its_share_of_the_capacity(
    omnix: Omnix, source: Side, dynamodb: Side, capfd: pytest.CaptureFixture[str]
) -> None:
    source.put([purchase(number) for number in range(200)])
    dynamodb.put([])
    share = ("--write-share", "0.0075")
    limit = "purchase-history: at most 300 write units a second (0.75 % of the default quota of the table, 40,000)"
    assert main(["tables", "copy", TABLE, *dynamodb.to(), *share, "--dry-run"]) == 0
    assert limit in " ".join(capfd.readouterr().err.split())
    began = time.monotonic()
    omnix("copy", TABLE, *dynamodb.to(), *share)
    assert time.monotonic() - began >= LEAST_SECONDS
    assert len(dynamodb.items()) == 200
