"""`omnix tables verify` names every difference between two tables."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import orjson

from tests.integration.migrations.conftest import TABLE, Omnix, Side, purchase


def test_verify_names_every_difference(omnix: Omnix, source: Side, target: Side) -> None:
    source.put([purchase(number) for number in range(300)])
    omnix("copy", TABLE, *target.to(), "--create")
    target.put([purchase(7, tags={"a"}, extra=1), purchase(900), purchase(8, quantity=Decimal("3.0"))])
    with closing(target.open()) as store:
        store.delete_many(TABLE, ["p000020"])
    printed = omnix("verify", TABLE, *target.to(), "--format", "json", code=5)
    assert "3 differences" in printed
    assert f"{TABLE}: 300 items in the source, 300 in the target: 1 missing, 1 extra, 1 different" in printed
    assert orjson.loads(printed.splitlines()[0]) == [
        {"table": TABLE, "key": "p000007", "difference": "different", "attributes": ["extra", "tags"]},
        {"table": TABLE, "key": "p000020", "difference": "missing", "attributes": []},
        {"table": TABLE, "key": "p000900", "difference": "extra", "attributes": []},
    ]
