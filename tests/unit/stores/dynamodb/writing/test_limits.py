"""How fast a table may be written to, from what DescribeTable says of it."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.stores.dynamodb.writing.limits import UNLIMITED, WritePacing, write_capacity

PROVISIONED = {"ProvisionedThroughput": {"WriteCapacityUnits": 400}}
ON_DEMAND = {
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": {"WriteCapacityUnits": 0},
}
MAXIMUM = {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 3_000}}
NO_MAXIMUM = {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}}
WARM = {"WarmThroughput": {"WriteUnitsPerSecond": 4_000}}


@pytest.mark.parametrize(
    ("description", "units", "source"),
    [
        ({**PROVISIONED, **WARM}, 400, "the capacity provisioned for the table"),
        ({**ON_DEMAND, **MAXIMUM, **WARM}, 3_000, "the on-demand maximum of the table"),
        ({**ON_DEMAND, **NO_MAXIMUM, **WARM}, 4_000, "the warm throughput of the table"),
        (ON_DEMAND, 40_000, "the default quota of the table"),
        (
            {**ON_DEMAND, "GlobalSecondaryIndexes": [{"IndexName": "by-day", **MAXIMUM}, {"IndexName": "by-name"}]},
            3_000,
            "the on-demand maximum of by-day",
        ),
    ],
)
def test_the_capacity_is_the_least_of_table_and_indexes(description: Any, units: float, source: str) -> None:
    capacity = write_capacity(description)
    assert (capacity.units, capacity.source) == (units, source)


@pytest.mark.parametrize(
    ("pacing", "text"),
    [
        (
            WritePacing(share=0.5),
            "at most 200 write units a second (50 % of the capacity provisioned for the table, 400)",
        ),
        (WritePacing(max_units=150), "at most 150 write units a second (as set)"),
        (WritePacing(max_units=150, share=0.5), "at most 150 write units a second (as set)"),
        (
            WritePacing(max_units=250, share=0.5),
            "at most 200 write units a second (50 % of the capacity provisioned for the table, 400)",
        ),
    ],
)
def test_the_lower_limit_holds_and_says_where_it_is_from(pacing: WritePacing, text: str) -> None:
    limit = pacing.limit(lambda: PROVISIONED)
    assert limit is not None
    assert str(limit) == text
    assert pacing.pace(lambda: PROVISIONED).rate == limit.units


def test_without_a_share_nobody_asks_for_the_description() -> None:
    def asked() -> Any:
        raise AssertionError("asked")

    assert UNLIMITED.limit(asked) is None
    assert WritePacing(start_units=100).pace(asked).rate == 100
    assert WritePacing(max_units=5).pace(asked).limit == 5
