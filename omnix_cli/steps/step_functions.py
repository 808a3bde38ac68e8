"""The functions of the plan's steps. Each is loaded when it first runs: a run that reuses everything needs none."""

from __future__ import annotations

from typing import Any

from omnix_cli.protocols.steps import Made, StepOutput


def similarity(**arguments: Any) -> StepOutput:
    """See `steps.neighbours.similarity.similarity`."""
    from omnix_cli.steps.neighbours.similarity import similarity as function

    return function(**arguments)


def cycles(**arguments: Any) -> StepOutput:
    """See `steps.cycles.cycles`."""
    from omnix_cli.steps.cycles import cycles as function

    return function(**arguments)


def rhythms(**arguments: Any) -> StepOutput:
    """See `steps.forecasts.rhythms.rhythms`."""
    from omnix_cli.steps.forecasts.rhythms import rhythms as function

    return function(**arguments)


def popularity(**arguments: Any) -> StepOutput:
    """See `steps.lists.popularity.popularity`."""
    from omnix_cli.steps.lists.popularity import popularity as function

    return function(**arguments)


def fit_ranker(**arguments: Any) -> StepOutput:
    """See `steps.ranking.nightly.fit_ranker`."""
    from omnix_cli.steps.ranking.nightly import fit_ranker as function

    return function(**arguments)


def ranking(**arguments: Any) -> Made:
    """See `steps.ranking.nightly.ranking`."""
    from omnix_cli.steps.ranking.nightly import ranking as function

    return function(**arguments)


def assortment(**arguments: Any) -> StepOutput:
    """See `steps.lists.assortment.assortment`."""
    from omnix_cli.steps.lists.assortment import assortment as function

    return function(**arguments)


def recommend(**arguments: Any) -> StepOutput:
    """See `steps.lists.recommendation.recommend`."""
    from omnix_cli.steps.lists.recommendation import recommend as function

    return function(**arguments)


def shop_lists(**arguments: Any) -> Made:
    """See `steps.lists.shop_lists.shop_lists`."""
    from omnix_cli.steps.lists.shop_lists import shop_lists as function

    return function(**arguments)


def shop_orders(**arguments: Any) -> StepOutput:
    """See `steps.customers.placed_orders.shop_orders`."""
    from omnix_cli.steps.customers.placed_orders import shop_orders as function

    return function(**arguments)


def shopping_patterns(**arguments: Any) -> StepOutput:
    """See `steps.customers.shopping_patterns.shopping_patterns`."""
    from omnix_cli.steps.customers.shopping_patterns import shopping_patterns as function

    return function(**arguments)


def segments(**arguments: Any) -> StepOutput:
    """See `steps.customers.segments.segments`."""
    from omnix_cli.steps.customers.segments import segments as function

    return function(**arguments)
