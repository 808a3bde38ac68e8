"""Tables compared with their specification, and which of them may be dropped."""

from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import Difference, TableChange, TableState
from omnix_cli.services.tables import drop, findings, status

FINE = TableState("products", "omnix-products", 2, 40, is_ours=True, is_protected=False, differences=())
EXPIRY = Difference("expiry", "off", "ttl", "Run `omnix tables create`.")
MISSING = TableState("recommendations", "omnix-lists", None, None, True, False, (EXPIRY, EXPIRY))


class Tables:
    """Tables in these states."""

    def __init__(self, *states: TableState) -> None:
        self._states = list(states)
        self.dropped: list[str] = []

    def states(self) -> list[TableState]:
        return self._states

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        return []

    def drop(self, table: str) -> None:
        self.dropped.append(table)

    def close(self) -> None:
        pass


def test_every_difference_is_a_line_and_a_fine_table_is_one_too() -> None:
    lines = findings([FINE, MISSING])
    assert [(line.table, line.what, line.to_do) for line in lines] == [
        ("omnix-products", "as specified", None),
        ("omnix-lists", "expiry", EXPIRY.remedy),
        ("omnix-lists", "expiry", EXPIRY.remedy),
    ]


def test_differences_are_counted() -> None:
    assert status(Tables(FINE)) == findings([FINE])
    with pytest.raises(ConfigError, match=r"2 differences in 1 table$") as failure:
        status(Tables(FINE, MISSING))
    assert failure.value.report == findings([FINE, MISSING])


def test_only_tables_that_exist_are_dropped() -> None:
    tables = Tables(FINE, MISSING)
    assert drop(tables, (), dry_run=True) == [FINE]
    assert drop(tables, ["recommendations"]) == []
    assert tables.dropped == []
    assert drop(tables, ()) == [FINE]
    assert tables.dropped == ["products"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TableState("products", "omnix-products", 2, 40, False, False, ()), "is not ours"),
        (TableState("products", "omnix-products", 2, 40, True, True, ()), "protected against deletion"),
        (MISSING, "there is no table 'products'"),
    ],
)
def test_a_table_that_must_stay_stops_everything(state: TableState, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        drop(Tables(state), ["products"])
