from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop, popular


def test_what_is_due_scores_by_shopping_days_and_repeat_share(ann: Shop) -> None:
    shop = replace(
        ann, popularity=frame("popularity", *popular("milk", repeat_share=0.8), *popular("tea", repeat_share=0.3))
    )
    weight = lambda age: 2 ** (-age / 90)  # noqa: E731
    milk = sum(weight(3 + 7 * n) for n in range(8))
    tea = weight(10) + weight(50)
    # Ann's shopping days are those of milk and day 50; on day 10 she bought both.
    trips = milk + weight(50)
    rows = shop.list("ann#homepage", count=2, due_share=1.0)
    assert rows["score"].to_list() == pytest.approx([milk / trips * 0.8, tea / trips * 0.3], abs=1e-5)
