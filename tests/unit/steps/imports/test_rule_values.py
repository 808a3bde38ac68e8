"""Values of rules that match nothing."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.steps.imports.binding import bind
from omnix_cli.steps.imports.rule_values import Seen, look_at, misspelt
from tests.unit.steps.imports.lines import LINE, raw

ASIDE = {"column": "status", "reason": "test"}


def _told(states: list[str], **mapping: Any) -> dict[str, str]:
    seen = Seen()
    for state in states:
        rows = raw({**LINE, "status": state, "kind": state})
        bound = bind(parse_mapping("purchases", mapping, where="test"), rows.columns, file="f.csv")
        look_at(seen, rows, bound)
    return misspelt(seen, bound)


def test_the_recipes_of_omnix_have_no_misspelt_values() -> None:
    rows = raw({**LINE, "status": "canceled"})
    own, shipped = (
        bind(parse_mapping("purchases", RULE, where="test", recipe=name), rows.columns, file="f.csv")
        for name in ("shops/own.toml", "shopify")
    )
    seen = Seen()
    look_at(seen, rows, own)
    assert list(misspelt(seen, own)) == ["cancelled `status` = `canceld`"]
    assert not misspelt(seen, shipped)


RULE = {"cancelled": {"status": ["canceld"]}}


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"cancelled": {"status": ["canceld"]}}, "cancelled `status` = `canceld`"),
        ({"set_aside": [{**ASIDE, "values": ["Canceled order"]}]}, ""),
        ({"set_aside": [{**ASIDE, "values": ["CANCELED"]}]}, "set_aside `test` = `canceled`"),
        ({"set_aside": [{**ASIDE, "other_than": ["pade", "payed"]}]}, ""),
        ({"returns": {"values": {"status": ["cancelledd"]}}}, "returns `status` = `cancelledd`"),
        ({"values": {"kind": {"cancelld": "cancelled"}}}, "values of kind = `cancelld`"),
        ({"cancelled": {"status": ["canceled", "cancelled"]}}, ""),
        ({"cancelled": {"status": ["refunded"]}}, ""),
    ],
)
def test_a_value_that_looks_nearly_like_one_of_the_file_is_told(rule: dict[str, Any], what: str) -> None:
    found = _told(["paid", "Cancelled"], **rule)
    assert found == ({what: "no such value, did you mean `cancelled`?"} if what else {})


def test_a_column_of_many_values_is_not_judged() -> None:
    rule = {"set_aside": [{**ASIDE, "values": ["state99"]}]}
    assert _told([f"state{n}" for n in range(60)], **rule) == {}
    assert _told([f"state{n}" for n in range(20)], **rule)
