from __future__ import annotations

import pytest

from omnix_cli.kernels.measures import MEASURES, measure_of


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("cosine", 0.4), ("jaccard", 3 / (6 + 5 - 3)), ("lift", 2 / (1 + 2)), ("conditional", 3 / 6)],
)
def test_measures_of_a_pair_with_three_common_groups_of_twenty(measure: str, expected: float) -> None:
    lift = 3 * 20 / (6 * 5)
    assert lift == 2
    assert measure_of(MEASURES[measure], 0.4, 3, 6.0, 5.0, 20.0) == pytest.approx(expected)


def test_rounding_never_makes_a_cosine_larger_than_one() -> None:
    assert measure_of(MEASURES["cosine"], 1.0000001, 3, 3.0, 3.0, 9.0) == 1.0
