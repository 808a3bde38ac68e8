"""The nightly run as one table of steps. Read this first.

Each row names a step, the function that computes it, the frames it reads and writes, the inputs that can be split by
customer, the settings that change its result, and its version. A step's checkpoint key is a hash of exactly these:
raise the version whenever a change of the code changes the result.
"""

from __future__ import annotations

from omnix_cli.protocols.steps import PlanStep, Predictor
from omnix_cli.steps import cycles
from omnix_cli.steps.forecasts import rhythms
from omnix_cli.steps.lists import popularity, recommendation, shop_lists
from omnix_cli.steps.neighbours import similarity


def plan(predictor: Predictor) -> tuple[PlanStep, ...]:
    """The steps in order. `predictor` computes the step `predict`, its stand-in where it cannot."""
    return (
        PlanStep(
            "similarity",
            similarity.similarity,
            inputs=("purchases", "products"),
            outputs=("neighbours",),
            version="2",
            settings=lambda settings: {"parameters": settings.similarity, "privacy": settings.privacy},
            needs_resources=True,
        ),
        PlanStep(
            "cycles", cycles.cycles, inputs=("purchases",), outputs=("cycles",), version="1", by_customer=("purchases",)
        ),
        PlanStep(
            "rhythms",
            rhythms.rhythms,
            inputs=("purchases", "cycles", "products"),
            outputs=("rhythms", "forecast_model"),
            version="2",
            settings=lambda settings: {"personal_purchases": settings.prediction.personal_purchases},
        ),
        _predict(predictor),
        PlanStep(
            "popularity",
            popularity.popularity,
            inputs=("purchases", "interactions", "products"),
            outputs=("popularity",),
            version="1",
            settings=lambda settings: {
                "trending_window_days": settings.recommend.trending_window_days,
                "hemisphere": settings.recommend.hemisphere,
                "min_customers": settings.privacy.min_customers,
            },
        ),
        PlanStep(
            "recommend",
            recommendation.recommend,
            inputs=("cycles", "predictions", "neighbours", "popularity", "customers", "interactions", "products"),
            outputs=("recommendations",),
            version="1",
            by_customer=("cycles", "predictions", "customers", "interactions"),
            settings=lambda settings: {"parameters": settings.recommend, "privacy": settings.privacy},
        ),
        PlanStep(
            "shop_lists",
            shop_lists.shop_lists,
            inputs=("neighbours", "popularity", "products"),
            outputs=("shop_lists",),
            version="1",
            settings=lambda settings: {
                "parameters": settings.shop_lists,
                "min_support": settings.recommend.min_support,
                "excluded_categories": settings.recommend.excluded_categories,
            },
            dated=False,
        ),
    )


def _predict(predictor: Predictor) -> PlanStep:
    stand_in = predictor.stand_in()
    return PlanStep(
        "predict",
        predictor.predict,
        inputs=predictor.inputs,
        outputs=predictor.outputs,
        version=predictor.version,
        by_customer=predictor.by_customer,
        extra_key=lambda: {"predictor": predictor.name, **predictor.parameters()},
        stand_in=_predict(stand_in) if stand_in else None,
    )
