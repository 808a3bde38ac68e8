from __future__ import annotations

from decimal import Decimal

import pytest

from omnix_cli.serving.http_api.answers import entity_tag, tags_of


def test_equal_documents_have_one_tag() -> None:
    assert entity_tag({"a": Decimal("1.10")}) == entity_tag({"a": Decimal("1.10")})
    assert entity_tag({"a": 1}) != entity_tag({"a": 2})
    assert entity_tag({"a": Decimal("1.10"), "b": {"c": 0, "d": 2**70}}) == entity_tag(
        {"b": {"d": Decimal(2**70), "c": Decimal("0.00")}, "a": Decimal("1.1")}
    )
    assert entity_tag({"a": Decimal("1.1")}) != entity_tag({"a": "1.1"})
    assert entity_tag({})[0] == entity_tag({})[-1] == '"'


@pytest.mark.parametrize(
    ("header", "tags"), [('"a"', {'"a"'}), ('W/"a", "b"', {'"a"', '"b"'}), ("*", {"*"}), ("", {""})]
)
def test_a_header_lists_tags(header: str, tags: set[str]) -> None:
    assert tags_of(header) == tags
