"""The rules that every method has to beat, by hand."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from omnix_cli.steps.evaluation import basket_baselines as baselines
from omnix_cli.steps.evaluation.basket_baselines import Tifuknn, ranked
from omnix_cli.steps.evaluation.basket_tuning import DECAYS, DECAYS_IN_BASKETS, tuned_decay, tuned_tifuknn
from omnix_cli.steps.evaluation.splits import Split, last_baskets
from tests.unit.steps.evaluation.test_splits import Line, baskets

LINES: list[Line] = [
    *[("ann", "milk", day) for day in (1, 10, 20, 30)],
    *[("ann", "tea", day) for day in (10, 20)],
    *[("bob", product, 5) for product in ("milk", "tea", "jam")],
    ("bob", "jam", 31),
    ("cat", "milk", 2),
    ("cat", "rum", 50),
    ("cat", "rum", 60),
]
SPLIT = last_baskets(baskets(LINES), is_dated=True)
NAMES = SPLIT.products.to_list()
ANN, BOB, CAT = np.array([0]), np.array([1]), np.array([2])


def scores(baseline: baselines.Baseline, question: np.ndarray, split: Split = SPLIT) -> dict[str, float]:
    for questions, known in split.snapshots():
        if question[0] in questions:
            return dict(zip(NAMES, baseline(split, known, questions)(question)[0].tolist(), strict=True))
    raise AssertionError(question)


def test_popular_counts_what_is_known_when_it_is_asked() -> None:
    assert scores(baselines.popular, ANN) == {"jam": 1, "milk": 5, "rum": 0, "tea": 3}
    assert scores(baselines.popular, CAT) == {"jam": 1, "milk": 5, "rum": 1, "tea": 3}


def test_popular_lately_forgets_what_is_four_weeks_old() -> None:
    assert scores(baselines.popular_lately, CAT) == {"jam": 0, "milk": 0, "rum": 1, "tea": 0}


def test_own_products_come_first_and_popular_ones_fill() -> None:
    found = scores(baselines.frequency, ANN)
    assert sorted(found, key=lambda name: -found[name]) == ["milk", "tea", "jam", "rum"]
    assert found["milk"] > 3 and found["jam"] < 0


def test_old_baskets_count_less() -> None:
    found = scores(baselines.decayed(10), ANN)
    assert found["tea"] == pytest.approx(exp(-2) + exp(-1))
    assert found["milk"] == pytest.approx(exp(-2.9) + exp(-2) + exp(-1))


def test_item_neighbours_are_cosines_of_who_bought_what() -> None:
    found = scores(baselines.item_neighbours, CAT)
    milk, tea, rum, jam = 3, 2, 1, 1
    assert found["tea"] == pytest.approx(2 / sqrt(milk * tea))
    assert found["jam"] == pytest.approx(1 / sqrt(milk * jam))
    assert found["milk"] == pytest.approx(1 + 1 / sqrt(milk * rum))


def test_tifuknn_is_the_own_decayed_frequency_blended_with_that_of_the_nearest() -> None:
    settings = Tifuknn(within=0.5, between=0.5, groups=7, neighbours=1, own_share=0.6)
    found = scores(settings.baseline(), ANN)
    own = {"milk": (0.25 + 0.5 + 1) / 3, "tea": (0.5 + 1) / 3}
    nearest = {"milk": 1.0}  # of cat, on the day when ann is asked: one basket of milk
    assert found["milk"] == pytest.approx(0.6 * own["milk"] + 0.4 * nearest["milk"])
    assert found["tea"] == pytest.approx(0.6 * own["tea"])
    assert found["rum"] == -np.inf


def test_tifuknn_groups_the_baskets_of_a_long_history() -> None:
    lines: list[Line] = [("ann", "milk" if day < 3 else "tea", day) for day in range(5)]
    split = last_baskets(baskets(lines), is_dated=False)
    settings = Tifuknn(within=0.5, between=0.1, groups=2, neighbours=1, own_share=1.0)
    dense = settings.baseline()(split, np.ones(len(split.who), bool), ANN)(ANN)[0]
    # two groups of two baskets; the older one counts a tenth; within a group the older basket counts half
    milk, tea = 0.1 * (1.5 / 2) / 2 + (0.5 / 2) / 2, (1 / 2) / 2
    assert dense.tolist() == pytest.approx([milk, tea])


def test_nobody_else_is_near_in_a_shop_of_one() -> None:
    lines: list[Line] = [("ann", "milk", day) for day in range(3)]
    split = last_baskets(baskets(lines), is_dated=True)
    lists = ranked(split, Tifuknn().baseline(), places=3)
    assert lists.items["all"][0].tolist() == [0, -1, -1]


@pytest.mark.parametrize(("is_dated", "grid"), [(True, DECAYS), (False, DECAYS_IN_BASKETS)])
def test_settings_are_chosen_without_the_baskets_that_are_asked_for(is_dated: bool, grid: tuple[float, ...]) -> None:
    def chosen(lines: list[Line]) -> tuple[float, Tifuknn]:
        earlier = last_baskets(baskets(lines), is_dated=is_dated).earlier()
        return tuned_decay(earlier, places=2), tuned_tifuknn(earlier, places=2)

    lines: list[Line] = [(f"c{n}", f"p{(n + day) % 5}", day) for n in range(12) for day in range(6)]
    other = [(who, "p0" if day == 5 else what, day) for who, what, day in lines]
    assert chosen(lines) == chosen(other)
    assert chosen(lines)[0] in grid
