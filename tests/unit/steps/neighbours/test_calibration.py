from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.neighbours.calibration import STEPS, expected_by_content


def test_the_means_of_the_steps_rise_with_the_content() -> None:
    expected = expected_by_content(np.array([[0.0, 10], [3.0, 10], [1.0, 10], [0.0, 0], [5.0, 10]]))
    assert expected == pytest.approx([0, 0.2, 0.2, 0.35, 0.5], abs=0.002)


def test_without_a_score_the_content_itself_is_expected() -> None:
    assert expected_by_content(np.zeros((STEPS, 2))).tolist() == np.linspace(0, 1, STEPS).tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1000)), min_size=STEPS, max_size=STEPS))
def test_more_content_always_lets_expect_more(steps: list[tuple[float, int]]) -> None:
    total = np.array([(mean * count, count) for mean, count in steps])
    expected = expected_by_content(total)
    assert (np.diff(expected) >= 0).all()
    assert expected.min() >= 0
    assert expected.max() <= 1 + 1e-9
