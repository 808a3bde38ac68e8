from __future__ import annotations

import math

import numpy as np
import pytest

from omnix_cli.kernels.content import MISSING, Attributes, Weights, likeness, text_likeness_of_pairs

WEIGHTS = Weights(category=0.4, brand=0.2, price=0.1, text=0.3)
NAN = math.nan


def like(category=(1, 1), brand=(1, 1), price=(2.0, 2.0), text=1.0) -> float:
    return likeness(*category, *brand, *price, text, WEIGHTS)


def test_the_same_in_everything_is_one() -> None:
    assert like() == pytest.approx(1.0)


def test_each_part_counts_with_its_weight() -> None:
    assert like(category=(1, 2)) == pytest.approx(0.6)
    assert like(brand=(1, 2)) == pytest.approx(0.8)
    assert like(text=0.5) == pytest.approx(0.85)


def test_twice_the_price_is_half_alike() -> None:
    assert like(price=(2.0, 4.0)) == like(price=(4.0, 2.0)) == pytest.approx(0.95)


def test_what_both_lack_is_left_out_and_what_one_lacks_is_unlike() -> None:
    assert like(brand=(MISSING, MISSING), category=(1, 2)) == pytest.approx((0.1 + 0.3) / 0.8)
    assert like(brand=(1, MISSING)) == pytest.approx(0.8)
    assert like(price=(NAN, 2.0)) == pytest.approx(0.9)


def test_prices_alone_say_nothing() -> None:
    assert math.isnan(like(category=(MISSING, MISSING), brand=(MISSING, MISSING), text=NAN))


def test_the_likeness_of_texts_is_the_cosine_of_their_words() -> None:
    half = math.sqrt(0.5)
    things = Attributes(
        np.zeros(3, dtype=np.int32), np.zeros(3, dtype=np.int32), np.zeros(3),
        np.array([0, 2, 4, 4]), np.array([1, 5, 5, 8], dtype=np.int32), np.array([half, half, half, half]),
    )  # fmt: skip
    one, other = np.array([0, 0, 2], dtype=np.int32), np.array([1, 0, 2], dtype=np.int32)
    found = text_likeness_of_pairs(things, one, other)
    assert found[:2].tolist() == pytest.approx([0.5, 1.0])
    assert math.isnan(found[2])  # neither has a word
