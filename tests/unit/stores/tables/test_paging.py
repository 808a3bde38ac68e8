"""Pages of a query."""

from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.tables.paging import MAX_LIMIT, check_limit, cursor_at, position_of


@pytest.mark.parametrize("position", [["2026", "p1"], ["", "é/+"]])
def test_a_cursor_gives_its_position_back(position: list[str]) -> None:
    assert position_of(cursor_at(position), 2) == position
    assert position_of(cursor_at(position), 2, first=position[0]) == position


@pytest.mark.parametrize(
    "cursor", ["", "no cursor", "W10=", cursor_at("ab"), cursor_at(["2026"]), cursor_at(["b", "a"])]
)
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(ConfigError, match="is not a cursor of this query"):
        position_of(cursor, 2, first="a")


def test_a_page_has_1_to_500_items() -> None:
    check_limit(1)
    check_limit(MAX_LIMIT)
    with pytest.raises(ConfigError, match="1 to 500, not 501"):
        check_limit(MAX_LIMIT + 1)
