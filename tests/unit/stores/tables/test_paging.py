"""Pages of a query."""

from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.tables.paging import MAX_LIMIT, check_limit, cursor_at, position_of

QUERY = ("purchase-history", "customerId-purchaseDate-index", "zoe", "True")


@pytest.mark.parametrize("position", [["2026", "p1"], ["", "é/+"]])
def test_a_cursor_gives_its_position_back(position: list[str]) -> None:
    assert position_of(cursor_at(position, query=QUERY), 2, query=QUERY) == position


@pytest.mark.parametrize("cursor", ["", "no cursor", "W10=", "WyIyMDI2IiwicDEiXQ==", cursor_at(["2026"], query=QUERY)])
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(ConfigError, match="is not a cursor of this query"):
        position_of(cursor, 2, query=QUERY)


@pytest.mark.parametrize("part", range(4))
def test_the_cursor_of_another_query_is_refused(part: int) -> None:
    other = [*QUERY[:part], "other", *QUERY[part + 1 :]]
    with pytest.raises(ConfigError, match="is not a cursor of this query"):
        position_of(cursor_at(["2026", "p1"], query=other), 2, query=QUERY)


def test_a_page_has_1_to_500_items() -> None:
    check_limit(1)
    check_limit(MAX_LIMIT)
    with pytest.raises(ConfigError, match="1 to 500, not 501"):
        check_limit(MAX_LIMIT + 1)
