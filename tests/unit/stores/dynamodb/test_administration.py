"""Creating tables in an account where things take their time, and raising the throughput of what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.protocols.tables import TableChange
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.administration import DynamoTables
from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Retries, Service

LISTS = "recommendations"
COLD = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}


class Account:
    """A DynamoDB with warm throughput. It refuses an operation as often as `refusals` says, with that code."""

    def __init__(self, **refusals: tuple[str, int]) -> None:
        self.tables: dict[str, dict[str, Any]] = {}
        self.expiry: dict[str, str] = {}
        self.backups: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.updates: list[Mapping[str, Any]] = []
        self._refusals = refusals

    def __call__(self, operation: str, request: Any) -> dict[str, Any]:
        self.seen[operation] += 1
        code, times = self._refusals.get(operation, ("", 0))
        if self.seen[operation] <= times:
            raise ServiceError(code, "not yet", 400)
        name = request["TableName"]
        if name not in self.tables and operation != "CreateTable":
            raise ServiceError("ResourceNotFoundException", name, 400)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(name, request)
        return answer

    def _CreateTable(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        indexes = [{"IndexStatus": "ACTIVE", **_warm(one)} for one in request.get("GlobalSecondaryIndexes", ())]
        billing = {"BillingModeSummary": {"BillingMode": request["BillingMode"]}, "TableStatus": "ACTIVE"}
        self.tables[name] = {**billing, **_warm(request), "GlobalSecondaryIndexes": indexes}
        return {}

    def _DescribeTable(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"Table": self.tables[name]}

    def _DeleteTable(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        del self.tables[name]
        return {}

    def _DescribeTimeToLive(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        attribute = self.expiry.get(name)
        on = {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute} if attribute else {}
        return {"TimeToLiveDescription": on}

    def _UpdateTimeToLive(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.expiry[name] = request["TimeToLiveSpecification"]["AttributeName"]
        return {}

    def _DescribeContinuousBackups(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        status = {"PointInTimeRecoveryStatus": "ENABLED" if name in self.backups else "DISABLED"}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": status}}

    def _UpdateContinuousBackups(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.backups.add(name)
        return {}

    def _UpdateTable(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.updates.append(request)
        parts = [(self.tables[name], request)]
        indexes = {one["IndexName"]: one for one in self.tables[name]["GlobalSecondaryIndexes"]}
        parts += [(indexes[one["Update"]["IndexName"]], one["Update"]) for one in request.get(_INDEXES, ())]
        for part, change in parts:
            part["WarmThroughput"] = {**part["WarmThroughput"], **change.get("WarmThroughput", {})}
        return {}

    def raw(self, operation: str, request: Any) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        pass


_INDEXES = "GlobalSecondaryIndexUpdates"


def _warm(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "WarmThroughput": {**COLD, **part.get("WarmThroughput", {})}}


def tables_in(account: Account, slept: list[float], **options: Any) -> DynamoTables:
    settings = TableSettings(**options)
    return DynamoTables(Service(account, Retries(attempts=2, sleep=slept.append)), options=settings)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("UpdateContinuousBackups", "ContinuousBackupsUnavailableException"),
        ("UpdateContinuousBackups", "ResourceInUseException"),
        ("UpdateTimeToLive", "ResourceInUseException"),
        ("DescribeTable", "ResourceNotFoundException"),
    ],
)
def test_a_new_table_is_waited_for(operation: str, code: str) -> None:
    slept: list[float] = []
    account = Account(**{operation: (code, 6)})
    changes = tables_in(account, slept).complete(only=[LISTS])
    assert changes == [TableChange(LISTS, what) for what in ("table", "expiry", "point-in-time recovery")]
    assert (set(account.expiry.values()), len(account.backups)) == ({"ttl"}, 1)
    assert len(slept) >= 5


def test_backups_that_never_come_are_given_up_in_the_end() -> None:
    slept: list[float] = []
    account = Account(UpdateContinuousBackups=("ContinuousBackupsUnavailableException", 10_000))
    with pytest.raises(UnavailableError, match="still being changed") as caught:
        tables_in(account, slept).complete(only=[LISTS])
    assert "continues from there" in str(caught.value.hint)
    assert 200 < sum(slept) < 400


def test_a_dry_run_names_everything_that_is_done() -> None:
    planned = tables_in(Account(), []).complete(dry_run=True)
    account = Account()
    assert tables_in(account, []).complete() == planned
    assert TableChange(LISTS, "point-in-time recovery") in planned
    assert tables_in(account, []).complete() == []


def test_only_the_tables_that_are_named_are_looked_at() -> None:
    account = Account()
    assert tables_in(account, []).missing([LISTS]) == [LISTS]
    assert account.seen == {"DescribeTable": 1}
    assert len(tables_in(account, []).missing()) == 6


def test_warm_throughput_is_raised_where_it_is_lower_table_and_indexes_alike() -> None:
    account = Account()
    tables_in(account, []).complete(only=[LISTS])
    name = f"omnix-ai-{LISTS}-dev"
    account.tables[name]["WarmThroughput"] = {"ReadUnitsPerSecond": 50_000, "WriteUnitsPerSecond": 4_000}
    warm = {"warm_read_units": 20_000, "warm_write_units": 9_000}
    (state,) = (one for one in tables_in(account, [], **warm).states() if one.table == LISTS)
    index = "warm throughput of index customerId-generatedAt-index"
    assert {one.what: (one.found, one.wanted) for one in state.differences} == {
        "warm throughput": ("50000 reads, 4000 writes a second", "20000 reads, 9000 writes a second"),
        index: ("12000 reads, 4000 writes a second", "20000 reads, 9000 writes a second"),
    }
    planned = tables_in(account, [], **warm).complete(dry_run=True, only=[LISTS])
    assert tables_in(account, [], **warm).complete(only=[LISTS]) == planned
    assert [change.what for change in planned] == [index, "warm throughput"]
    # What is warm enough is left out: DynamoDB refuses a lower number.
    assert account.updates[-1]["WarmThroughput"] == {"WriteUnitsPerSecond": 9_000}
    assert tables_in(account, [], **warm).complete(only=[LISTS]) == []
    assert not [one for one in tables_in(account, [], **warm).states() if one.table == LISTS and one.differences]


def test_a_table_that_is_being_changed_is_dropped_when_it_is_ready() -> None:
    slept: list[float] = []
    account = Account(DeleteTable=("ResourceInUseException", 3))
    tables = tables_in(account, slept)
    tables.complete(only=[LISTS])
    tables.drop(LISTS)
    assert account.tables == {}
    tables.drop(LISTS)


def test_a_protected_table_is_named() -> None:
    account = Account(DeleteTable=("ValidationException", 9))
    with pytest.raises(ConfigError, match="omnix-ai-recommendations-dev cannot be dropped"):
        tables_in(account, []).drop(LISTS)
