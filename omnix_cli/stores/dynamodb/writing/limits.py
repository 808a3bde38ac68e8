"""How fast tables may be written: a number of units a second, a share of a table's capacity, or as fast as it allows.

Units include those of the indexes. The share applies to the smallest capacity of the table and its indexes, so that
none of them is exceeded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from omnix_cli.protocols.tables import WriteLimit
from omnix_cli.stores.dynamodb.client.service import Pace

DEFAULT_QUOTA = 40_000
"""Write units a second that an on-demand table or index may use by default ("Quotas in Amazon DynamoDB", developer
guide: table-level write throughput)."""


@dataclass(frozen=True)
class WritePacing:
    """Write units a second: at most `max_units`, at most a `share` of the capacity, `start_units` to begin with."""

    max_units: float | None = None
    start_units: float | None = None
    share: float | None = None

    def limit(self, description: Callable[[], Mapping[str, Any]]) -> WriteLimit | None:
        """The limit of a table; `description` gets its DescribeTable answer, and is called only if a share is set."""
        limits = [] if self.max_units is None else [WriteLimit(self.max_units, "as set")]
        if self.share is not None:
            capacity = write_capacity(description())
            source = f"{self.share * 100:g} % of {capacity.source}, {capacity.units:,.0f}"
            limits.append(WriteLimit(capacity.units * self.share, source))
        return min(limits, key=lambda limit: limit.units, default=None)

    def pace(self, description: Callable[[], Mapping[str, Any]]) -> Pace:
        """A pace within the limit."""
        limit = self.limit(description)
        return Pace(limit=limit.units if limit else None, start=self.start_units)


UNLIMITED = WritePacing()
"""As fast as tables allow."""


def write_capacity(description: Mapping[str, Any]) -> WriteLimit:
    """The smallest capacity of a table and its indexes, from its DescribeTable answer."""
    parts = (description, *description.get("GlobalSecondaryIndexes", ()))
    return min(map(_capacity, parts), key=lambda capacity: capacity.units)


def _capacity(part: Mapping[str, Any]) -> WriteLimit:
    name = part.get("IndexName", "the table")
    if provisioned := part.get("ProvisionedThroughput", {}).get("WriteCapacityUnits", 0):
        return WriteLimit(provisioned, f"the capacity provisioned for {name}")
    if (most := part.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1)) > 0:
        return WriteLimit(most, f"the on-demand maximum of {name}")
    if warm := part.get("WarmThroughput", {}).get("WriteUnitsPerSecond", 0):
        return WriteLimit(warm, f"the warm throughput of {name}")
    return WriteLimit(DEFAULT_QUOTA, f"the default quota of {name}")
