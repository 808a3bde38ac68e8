from __future__ import annotations

import pytest

from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop, every, neighbours, popular, shop_of


@pytest.fixture
def ann() -> Shop:
    """Ann buys milk weekly and tea seldom; milk goes with oats and jam, and the shop sells much else."""
    lines = every(7, times=8, last=3, product="milk") + every(40, times=2, last=10, product="tea")
    names = ("milk", "tea", "oats", "jam", "nuts", "soap", "rice", "salt")
    facts = {"milk": "Dairy", "oats": "Cereals", "jam": "Spreads", "nuts": "Snacks", "soap": "Household"}
    return shop_of(
        lines,
        neighbours=frame("neighbours", *neighbours("milk", "oats", "jam", "tea")),
        popularity=frame("popularity", *popular(*names)),
        products=frame(
            "products",
            *({"product_id": n, "name": n.title(), "category": facts.get(n), "price": "2.00"} for n in names),
        ),
    )
