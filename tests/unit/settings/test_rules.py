from __future__ import annotations

from omnix_cli.settings.rules import ProductRules


def test_two_sets_of_rules_make_one() -> None:
    one, other = ProductRules(codes=("post",), names=("a",)), ProductRules(codes=("dot",), not_food=("toys",))
    assert (one + other) == ProductRules(codes=("post", "dot"), names=("a",), not_food=("toys",))
