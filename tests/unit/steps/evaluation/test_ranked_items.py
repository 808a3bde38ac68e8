"""The first items of scored products, and ties that favour nobody."""

from __future__ import annotations

import numpy as np
import polars as pl

from omnix_cli.steps.evaluation.judged_lists import Truth
from omnix_cli.steps.evaluation.list_metrics import values
from omnix_cli.steps.evaluation.ranked_items import NOTHING, Lists, first_items, framed, known_products
from omnix_cli.steps.evaluation.splits import last_baskets
from tests.unit.steps.evaluation.test_splits import HISTORY, baskets

SPLIT = last_baskets(baskets(HISTORY), is_dated=True)
NAMES = SPLIT.products.to_list()


def test_the_best_come_first_and_what_is_not_offered_never() -> None:
    scores = np.array([[0.1, 0.9, -np.inf, 0.5]])
    assert first_items(scores, 2, SPLIT, np.array([0])).tolist() == [[1, 3]]
    assert first_items(scores, 6, SPLIT, np.array([0])).tolist() == [[1, 3, 0, NOTHING, NOTHING, NOTHING]]


def test_repeat_and_new_products_have_lists_of_their_own() -> None:
    lists = Lists.empty(2, 3)
    questions = np.array([0])
    scores = np.array([[float(len(name)) for name in NAMES]])
    lists.fill(SPLIT, questions, scores, known_products(SPLIT, questions))
    named = {part: [NAMES[item] for item in items[0] if item != NOTHING] for part, items in lists.items.items()}
    assert set(named["repeat"]) == {"bread", "milk"}
    assert set(named["new"]) == {"soap", "tea"}
    assert named["all"][0] == "bread"
    assert (lists.items["all"][1] == NOTHING).all()


def test_scores_of_a_frame_are_found_by_customer_and_product() -> None:
    frame = pl.DataFrame({"customer_id": ["bob", "zoe"], "product_id": ["tea", "tea"], "score": [0.25, 1.0]})
    found = framed(frame, SPLIT)(np.array([0, 1]))
    assert np.isneginf(found[0]).all()
    assert found[1, NAMES.index("tea")] == 0.25
    assert np.isfinite(found).sum() == 1


def test_a_constant_model_scores_as_chance() -> None:
    products = 40
    lines = [
        *[(f"c{n:03}", f"p{(n * 7 + day) % products:02}", day) for n in range(300) for day in (1, 2)],
        *[("rest", f"p{n:02}", 1) for n in range(products)],
    ]
    split = last_baskets(baskets(sorted(lines)), is_dated=True)
    questions = np.arange(len(split.asked))
    lists = Lists.empty(len(questions), 10)
    lists.fill(split, questions, np.ones((len(questions), products)), known_products(split, questions))
    recall = values(Truth.of(split).judged(lists, "all"))["recall@10"]
    chance = 10 / products
    assert abs(recall.mean() - chance) < 3 * np.sqrt(chance * (1 - chance) / len(recall))
    shown = np.bincount(lists.items["all"].ravel(), minlength=products)
    assert shown.min() > 0, "no product is favoured by its id"
