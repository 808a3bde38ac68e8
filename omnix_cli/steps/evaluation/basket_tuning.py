"""The settings of the baselines, chosen on the basket before the one that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from omnix_cli.steps.evaluation.basket_baselines import Tifuknn, decayed, fill, nearest, ranked, scored
from omnix_cli.steps.evaluation.judged_lists import Truth
from omnix_cli.steps.evaluation.list_metrics import values
from omnix_cli.steps.evaluation.ranked_items import Lists
from omnix_cli.steps.evaluation.splits import Split, sampled

DECAYS = (14.0, 30.0, 60.0, 120.0, 240.0)
DECAYS_IN_BASKETS = (3.0, 5.0, 10.0, 20.0, 40.0)
WITHIN = (0.9, 1.0)
BETWEEN = (0.7, 0.9, 1.0)
GROUPS = (3, 7, 20)
NEIGHBOURS = (100, 300)
OWN_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
CUSTOMERS = 500
SNAPSHOT_DAYS = 28
GRID = (
    f"within {WITHIN}, between {BETWEEN}, groups {GROUPS}, neighbours {NEIGHBOURS}, own share {OWN_SHARES}; "
    f"decay of days {DECAYS}, of baskets {DECAYS_IN_BASKETS}; "
    f"on at most {CUSTOMERS} customers (decay: {4 * CUSTOMERS}), what others bought known as of {SNAPSHOT_DAYS} days "
    "before or less"
)


def tuned_decay(earlier: Split, *, places: int) -> float:
    """The decay with the highest recall."""
    chosen = sampled(earlier, 4 * CUSTOMERS)
    truth = Truth.of(chosen)
    days = DECAYS if earlier.is_dated else DECAYS_IN_BASKETS
    recall = {one: _recall(ranked(chosen, decayed(one), places=places, days=SNAPSHOT_DAYS), truth) for one in days}
    return max(recall, key=lambda one: recall[one])


def tuned_tifuknn(earlier: Split, *, places: int, may_go_on: Callable[[], None] = lambda: None) -> Tifuknn:
    """The settings of TIFUKNN with the highest recall."""
    chosen = sampled(earlier, CUSTOMERS)
    truth = Truth.of(chosen)
    recall = {
        settings: _recall(lists, truth)
        for within, between, groups in product(WITHIN, BETWEEN, GROUPS)
        for settings, lists in _variants(chosen, Tifuknn(within, between, groups), places, may_go_on)
    }
    return max(recall, key=lambda one: recall[one], default=Tifuknn())


def _variants(
    split: Split, base: Tifuknn, places: int, may_go_on: Callable[[], None]
) -> Iterable[tuple[Tifuknn, Lists]]:
    """The lists of all numbers of neighbours and own shares, from the same vectors."""
    made = {
        base._replace(neighbours=count, own_share=share): Lists.empty(len(split.asked), places)
        for count, share in product(NEIGHBOURS, OWN_SHARES)
    }
    for questions, known in split.snapshots(SNAPSHOT_DAYS):
        may_go_on()
        profiles = nearest(split, known, questions, base._replace(neighbours=NEIGHBOURS[0]), *NEIGHBOURS[1:])
        for settings, lists in made.items():
            score = scored(profiles, settings.own_share, profiles.others[settings.neighbours])
            fill(lists, split, score, questions, parts=("all",))
    return made.items()


def _recall(lists: Lists, truth: Truth) -> float:
    found = values(truth.judged(lists, "all"))
    return float(np.mean(next(iter(found.values())))) if truth.customers("all") else 0.0
