from __future__ import annotations

from omnix_cli.services.content_keys import digest


def test_equal_ingredients_give_equal_keys_in_any_order() -> None:
    assert digest({"a": 1, "b": {"c": [1, 2]}}) == digest({"b": {"c": [1, 2]}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest({})) == 32
