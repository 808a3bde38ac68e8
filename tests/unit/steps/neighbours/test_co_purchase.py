from __future__ import annotations

import numpy as np
import pytest

from omnix_cli.protocols.steps import Resources
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.neighbours.co_purchase import CoPurchases, co_purchases, fits_symmetric
from omnix_cli.steps.neighbours.purchase_lines import purchase_lines
from tests.unit.steps.neighbours.solving import AS_OF, purchases


@pytest.fixture
def bought() -> CoPurchases:
    """Ann buys milk and tea, Bob milk; the assortment also has bread, which nobody buys."""
    table = purchases(*((name, product, None, 1, 1, None) for name, product in (("ann", "milk"), ("ann", "tea"))))
    more = purchases(("bob", "milk", None, 1, 1, None))
    lines = purchase_lines(table.vstack(more).lazy(), as_of=AS_OF, baskets=False, half_life_days=None)
    number = np.array([1, 2], dtype=np.uint32)  # of milk and tea in bread, milk, tea
    return co_purchases(
        lines, number[lines.product], products=3, parameters=SimilaritySettings(), privacy=PrivacySettings()
    )


def test_the_scales_are_in_the_order_of_the_assortment(bought: CoPurchases) -> None:
    assert bought.customers == 2
    assert bought.scales.groups == 2
    assert bought.scales.degree.tolist() == [0, 2, 1]


def test_little_memory_means_row_by_row_and_it_says_so(bought: CoPurchases) -> None:
    said: list[str] = []
    assert fits_symmetric(bought, Resources(1, 2**30, said.append))
    assert not fits_symmetric(bought, Resources(1, 1, said.append))
    assert "row by row" not in said[0]
    assert "row by row" in said[1]
