"""Lists beside the baskets that came: of all products, of those bought before, and of new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omnix_cli.steps.evaluation.list_metrics import Judged
from omnix_cli.steps.evaluation.ranked_items import NOTHING, Lists
from omnix_cli.steps.evaluation.splits import Codes, Split


@dataclass(frozen=True, eq=False)
class Truth:
    """The true products of each part as sorted keys (question * products + product), and how many each question
    has."""

    products: int
    keys: dict[str, Codes]
    wanted: dict[str, Codes]

    @classmethod
    def of(cls, split: Split) -> Truth:
        products, questions = len(split.products), len(split.asked)
        keys = np.sort(split.true_question * products + split.true_product)
        place, row = split.own_rows(np.arange(questions))
        is_known = np.isin(keys, place * products + split.what[row])
        of_part = {"all": keys, "repeat": keys[is_known], "new": keys[~is_known]}
        wanted = {part: np.bincount(own // max(products, 1), minlength=questions) for part, own in of_part.items()}
        return cls(products, of_part, wanted)

    def customers(self, part: str) -> int:
        """How many have a truth of this part."""
        return int((self.wanted[part] > 0).sum())

    def judged(self, lists: Lists, part: str, *, whole: bool = False) -> Judged:
        """The lists of those who have a truth of this part; with `whole`, the lists of all products."""
        asked = np.flatnonzero(self.wanted[part] > 0)
        items = lists.items["all" if whole else part][asked]
        keys = np.where(items == NOTHING, -1, asked[:, None] * self.products + items)
        return Judged(np.isin(keys, self.keys[part]), self.wanted[part][asked])


@dataclass(frozen=True)
class Assortment:
    """What lists show: the share of the products sold, and the median number of baskets with a shown product."""

    share: float
    median_baskets: float


def assortment(lists: Lists, split: Split, part: str) -> Assortment:
    """What the lists of a part show, over all questions."""
    shown = lists.items[part][lists.items[part] != NOTHING]
    sold = np.bincount(split.what, minlength=len(split.products))
    if not len(shown):
        return Assortment(0.0, float("nan"))
    return Assortment(len(np.unique(shown)) / max(int((sold > 0).sum()), 1), float(np.median(sold[shown])))
