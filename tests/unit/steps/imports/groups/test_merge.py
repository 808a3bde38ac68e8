from __future__ import annotations

from omnix_cli.steps.imports.groups.merge import merge
from omnix_cli.steps.imports.groups.stated_lines import Edges, statements
from tests.unit.steps.imports.groups.order_lines import current, stated


def test_a_later_statement_replaces_and_is_counted() -> None:
    found = merge(statements(stated(1, 3), "purchases", Edges.none()), current(1, 2))
    assert sorted(found.state["n"]) == [0, 1, 1]
    assert (found.accepted, found.known, found.counts["corrected"]) == ({0: 1}, {0: 1}, 1)
