"""`omnix evaluate next-basket`: how many of the products that customers bought next stand in the first places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.services.as_of import parse_day
from omnix_cli.services.evaluation import basket_contenders as contenders
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.steps.evaluation import basket_baselines as baselines
from omnix_cli.steps.evaluation.basket_tuning import GRID, tuned_decay, tuned_tifuknn
from omnix_cli.steps.evaluation.bootstrap import of_intervals, of_means
from omnix_cli.steps.evaluation.judged_lists import Truth, assortment
from omnix_cli.steps.evaluation.list_metrics import CONVENTIONS, rules, values
from omnix_cli.steps.evaluation.ranked_items import PARTS, TIES, Lists
from omnix_cli.steps.evaluation.splits import (
    Split,
    dated_baskets,
    frequent,
    last_baskets,
    next_baskets,
    ordered_baskets,
    sampled,
)
from omnix_cli.steps.evaluation.tables import Rows

EACH, ONCE = "each", "once"


@dataclass(frozen=True)
class BasketQuestions:
    """Who is asked, when, and how the answers are judged.

    `as_of`: `each` asks every customer the moment before the own last basket; `once` asks for the same baskets on one
    day, the day of the run; a day asks for the first basket on that day or later, and nothing from that day on is
    known. `test_customers`: only these are asked, and the whole history of the others is known."""

    as_of: str = EACH
    places: int = 10
    customers: int | None = None
    test_customers: tuple[str, ...] | None = None
    order_only: bool = False
    min_baskets: int = 2
    min_product_baskets: int = 1
    convention: str = "omnix"

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise ConfigError(f"there is no convention {self.convention!r}", hint=f"Use {', '.join(CONVENTIONS)}.")
        if self.as_of not in (EACH, ONCE):
            parse_day(self.as_of)
        if self.order_only and self.as_of != EACH:
            message = "a history without dates has no day on which all are asked"
            raise ConfigError(message, hint="Leave out --as-of or --order-only.")

    @property
    def cut(self) -> date | None:
        """The one day on which all are asked for what comes next."""
        return None if self.as_of in (EACH, ONCE) else parse_day(self.as_of)


def evaluate_next_basket(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    asked: BasketQuestions,
    plan: Plan,
    may_go_on: Callable[[], None],
) -> StepOutput:
    """The frames `evaluations` and `reliability` (which stays empty). Figures say what was asked and what was chosen on
    the baskets before."""
    split, found = _split(purchases, as_of, asked)
    figures: Figures = {**found, "ties": TIES, "intervals": of_intervals()}
    rows = Rows()
    if len(split.asked):
        catalogue = products.select("product_id", "category").collect()
        methods, chosen = _methods(split, catalogue, asked.places, plan, may_go_on)
        figures |= chosen
        lists: dict[str, tuple[Lists, tuple[str, ...]]] = {}
        for name, method in methods.items():
            may_go_on()
            lists[name] = method.make(), method.parts
        _judge(rows, split, lists, asked)
    else:
        figures["missing"] = _missing(asked)
    return StepOutput(rows.frames(), figures)


def _split(purchases: pl.LazyFrame, as_of: date, asked: BasketQuestions) -> tuple[Split, Figures]:
    read = ordered_baskets if asked.order_only else dated_baskets
    everything = read(purchases, as_of=as_of)
    baskets = frequent(everything, min_baskets=asked.min_baskets, min_product_baskets=asked.min_product_baskets)
    left_out = everything["customer_id"].n_unique() - baskets["customer_id"].n_unique()
    if asked.cut is not None:
        split = next_baskets(baskets, cut=asked.cut)
        if asked.test_customers is not None:
            wanted = split.customers.gather(split.asked).is_in(list(asked.test_customers))
            split = split.of(np.flatnonzero(wanted.to_numpy()))
    else:
        on = as_of if asked.as_of == ONCE else None
        split = last_baskets(baskets, is_dated=not asked.order_only, test_customers=asked.test_customers, asked_on=on)
    split = sampled(split, asked.customers)
    found: Figures = {
        "asked": len(split.asked),
        "products": len(split.products),
        "customers_below_min_baskets": left_out,
        "products_below_min_baskets": everything["product_id"].n_unique() - baskets["product_id"].n_unique(),
    }
    if asked.test_customers is not None:
        known = set(everything["customer_id"].unique())
        unknown = sorted(set(asked.test_customers) - known)
        found["test_customers"] = len(set(asked.test_customers))
        found["unknown_customers"] = len(unknown)
        if unknown:
            found["unknown_first"] = ", ".join(unknown[:3])
    return split, found


@dataclass(frozen=True)
class _Method:
    """What ranks, and the parts it has something to say about."""

    make: Callable[[], Lists]
    parts: tuple[str, ...] = PARTS


def _methods(
    split: Split, products: pl.DataFrame, places: int, plan: Plan, may_go_on: Callable[[], None]
) -> tuple[Mapping[str, _Method], Figures]:
    earlier = split.earlier()
    days = tuned_decay(earlier, places=places)
    tifuknn = tuned_tifuknn(earlier, places=places, may_go_on=may_go_on)
    unit = "days" if split.is_dated else "baskets"

    def ranked(baseline: baselines.Baseline, *parts: str) -> _Method:
        return _Method(lambda: baselines.ranked(split, baseline, places=places), parts or PARTS)

    methods = {
        "popular": ranked(baselines.popular),
        **({"popular of 28 days": ranked(baselines.popular_lately)} if split.is_dated else {}),
        "personal frequency, filled": ranked(baselines.frequency, "all", "repeat"),
        "count x decay, tuned, filled": ranked(baselines.decayed(days), "all", "repeat"),
        "TIFUKNN, tuned": ranked(tifuknn.baseline()),
        "nearest customers": ranked(tifuknn._replace(own_share=0.0).baseline(), "new"),
        "item kNN": ranked(baselines.item_neighbours, "new"),
        "omnix, formula": _Method(lambda: contenders.formula(split, plan, places=places), ("all", "repeat")),
        "omnix, ranking of a run": _Method(lambda: contenders.learned(split, plan, products, places=places)),
    }
    chosen: Figures = {"chosen": f"decay {days:g} {unit}; TIFUKNN {_text(tifuknn._asdict())}", "grid": GRID}
    return methods, chosen


def _text(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _judge(
    rows: Rows, split: Split, lists: Mapping[str, tuple[Lists, tuple[str, ...]]], asked: BasketQuestions
) -> None:
    truth = Truth.of(split)
    whole = asked.convention == "reality-check"
    for part in PARTS:
        made = {name: found for name, (found, parts) in lists.items() if part in parts}
        known = [name for name in made if not name.startswith("omnix")]
        customers = truth.customers(part)
        if not customers:
            continue
        of_methods = {
            name: values(truth.judged(found, part, whole=whole), asked.convention) for name, found in made.items()
        }
        for metric, rule in rules(asked.places, asked.convention).items():
            means = of_means({name: found[metric] for name, found in of_methods.items()})
            rows.add(
                part,
                metric,
                means,
                list(made),
                baselines=known,
                rule=_rule(rule, part, whole=whole),
                customers=customers,
                cases=int(truth.wanted[part].sum()),
            )
        for name, found in made.items():
            shown = assortment(found, split, part)
            for metric, value, rule in (
                ("assortment", shown.share, "different products shown / products sold before"),
                ("median_popularity", shown.median_baskets, "median number of baskets with a shown product"),
            ):
                rows.plain(part, metric, name, value, rule=rule, customers=len(split.asked), cases=0)


def _rule(rule: str, part: str, *, whole: bool) -> str:
    """What a metric means for a part of the products."""
    if part == "all":
        return rule
    of = "products bought before" if part == "repeat" else "products not bought before"
    return f"{rule}; truth of {of}, {'the list of all products' if whole else 'the list without the others'}"


def _missing(asked: BasketQuestions) -> str:
    """Why nobody is asked."""
    who = "none of the test customers" if asked.test_customers is not None else "no customer"
    of_products = f" of products of {asked.min_product_baskets} baskets" if asked.min_product_baskets > 1 else ""
    baskets = f"{who} has {asked.min_baskets} baskets{of_products}"
    return baskets if asked.cut is None else f"{baskets}, one before {asked.cut} and one since"
