from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.lists.next_basket import UNKNOWN_REPEAT_SHARE, next_basket
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago


def test_the_score_is_the_share_of_shopping_days_times_the_repeat_share() -> None:
    lines = purchases(("ann", "milk", days_ago(90)), ("ann", "milk", days_ago(180)), ("ann", "tea", days_ago(90)))
    shares = pl.DataFrame({"product_id": ["milk"], "repeat_share": [0.8]})
    found = next_basket(cycles_of(lines).collect(), shares, as_of=AS_OF)
    assert found["product_id"].to_list() == ["milk", "tea"]
    assert found["weight"].to_list() == pytest.approx([1 / 2 + 1 / 4, 1 / 2], abs=1e-6)
    days = 1 / 2 + 1 / 4
    assert found["basket_score"].to_list() == pytest.approx([0.8, (1 / 2) / days * UNKNOWN_REPEAT_SHARE], abs=1e-5)
