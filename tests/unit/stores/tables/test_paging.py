"""Pages of a query."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.tables.paging import MAX_LIMIT, check_limit, cursor_at, position_of


@pytest.mark.parametrize("position", [["2026", "p1"], {"id": {"S": "é/+"}}])
def test_a_cursor_gives_its_position_back(position: Any) -> None:
    assert position_of(cursor_at(position), lambda _: True) == position


@pytest.mark.parametrize("cursor", ["", "no cursor", "W10=", cursor_at("of another query")])
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(ConfigError, match="is not a cursor of this query"):
        position_of(cursor, lambda position: isinstance(position, dict))


def test_a_page_has_1_to_500_items() -> None:
    check_limit(1)
    check_limit(MAX_LIMIT)
    with pytest.raises(ConfigError, match="1 to 500, not 501"):
        check_limit(MAX_LIMIT + 1)
