"""The nightly run as one table of steps. Read this first.

Each row names a step, the function that computes it, the frames it reads and writes, the inputs that can be split by
customer, the settings that change its result, and its version. A step's checkpoint key is a hash of exactly these:
raise the version whenever a change of the code changes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.protocols.steps import Made, PlanStep, Predictor, StepOutput, parts
from omnix_cli.settings import NO_RULES, ProductRules
from omnix_cli.steps import step_functions
from omnix_cli.steps.consent import with_consent
from omnix_cli.steps.ranking import fit_inputs


def plan(predictor: Predictor, rules: ProductRules = NO_RULES) -> tuple[PlanStep, ...]:
    """The steps in order. `predictor` computes the step `predict`, its stand-in where it cannot; the `rules` say what
    is no product."""
    return (
        PlanStep(
            "similarity",
            step_functions.similarity,
            inputs=("purchases", "products"),
            outputs=("neighbours",),
            version="2",
            settings=lambda settings: {
                "parameters": settings.similarity,
                "privacy": settings.privacy,
                "excluded_customers": settings.recommend.excluded_customers,
            },
            needs_resources=True,
        ),
        PlanStep(
            "cycles",
            step_functions.cycles,
            inputs=("purchases",),
            outputs=("cycles", "returned"),
            version="1",
            by_customer=("purchases",),
        ),
        PlanStep(
            "rhythms",
            step_functions.rhythms,
            inputs=("purchases", "cycles", "products"),
            outputs=("rhythms", "forecast_model"),
            version="6",
            settings=lambda settings: {"personal_purchases": settings.prediction.personal_purchases},
        ),
        _predict(predictor),
        PlanStep(
            "popularity",
            step_functions.popularity,
            inputs=("purchases", "interactions", "products"),
            outputs=("popularity",),
            version="4",
            settings=lambda settings: {
                "trending_window_days": settings.recommend.trending_window_days,
                "hemisphere": settings.recommend.hemisphere,
                "min_customers": settings.privacy.min_customers,
                "excluded_customers": settings.recommend.excluded_customers,
            },
        ),
        PlanStep(
            "ranker",
            step_functions.fit_ranker,
            inputs=("purchases", "products"),
            outputs=("ranker",),
            version="3",
            settings=lambda settings: {"parameters": settings.ranking},
            needs_resources=True,
            day=fit_inputs.fit_day,
            reads={"purchases": fit_inputs.fitted_purchases, "products": fit_inputs.fitted_products},
        ),
        PlanStep(
            "ranking",
            _for_those_who_consent(step_functions.ranking, "rankings"),
            inputs=("purchases", "products", "cycles", "returned", "popularity", "neighbours", "ranker", "customers"),
            outputs=("rankings",),
            version="2",
            settings=lambda settings: {"consent": settings.privacy.consent_personalisation},
            needs_resources=True,
        ),
        PlanStep(
            "assortment",
            step_functions.assortment,
            inputs=("purchases", "products"),
            outputs=("assortment",),
            version="1",
            settings=lambda settings: {"rules": rules, **settings.recommend.of_products},
        ),
        PlanStep(
            "recommend",
            step_functions.recommend,
            inputs=(
                *("cycles", "returned", "predictions", "rankings", "neighbours", "popularity", "assortment"),
                *("customers", "interactions"),
            ),
            outputs=("recommendations", "unlisted"),
            version="5",
            by_customer=("cycles", "returned", "predictions", "rankings", "customers", "interactions"),
            settings=lambda settings: {"parameters": settings.recommend, "privacy": settings.privacy},
        ),
        PlanStep(
            "shop_lists",
            step_functions.shop_lists,
            inputs=("neighbours", "popularity", "assortment", "cycles"),
            outputs=("shop_lists",),
            version="4",
            settings=lambda settings: {
                "parameters": settings.shop_lists,
                "min_support": settings.recommend.min_support,
                "max_share_of_category": settings.recommend.max_share_of_category,
                "max_alike": settings.recommend.max_alike,
            },
            dated=False,
        ),
        PlanStep(
            "shop_orders",
            step_functions.shop_orders,
            inputs=("purchases",),
            outputs=("shop_orders",),
            version="1",
            settings=lambda settings: {"timezone": settings.imports.timezone},
        ),
        PlanStep(
            "shopping_patterns",
            step_functions.shopping_patterns,
            inputs=("purchases", "customers", "shop_orders"),
            outputs=("shopping_patterns",),
            version="2",
            by_customer=("purchases", "customers"),
            settings=lambda settings: {
                "timezone": settings.imports.timezone,
                "hemisphere": settings.recommend.hemisphere,
                "consent": settings.privacy.consent_personalisation,
            },
        ),
        PlanStep(
            "segments", step_functions.segments, inputs=("shopping_patterns",), outputs=("segments",), version="1"
        ),
    )


def _for_those_who_consent(function: Callable[..., Made], name: str) -> Callable[..., Made]:
    """The step without rows of its frame `name` about customers without consent to personalisation. What is learnt of
    all customers together may rest on them."""

    def consenting(*, customers: pl.LazyFrame, consent: bool, **arguments: Any) -> Iterator[StepOutput]:
        said = customers.select("customer_id", "consent_personalisation", "withdrawn").collect().lazy()
        for output in parts(function(**arguments)):
            kept = with_consent(output.frames[name].lazy(), said, default=consent).collect()
            yield StepOutput({**output.frames, name: kept}, output.figures)

    return consenting


def _predict(predictor: Predictor) -> PlanStep:
    """Nothing is predicted for customers without consent to personalisation, whatever the predictor."""
    stand_in = predictor.stand_in()

    def predict(*, consent: bool, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        cycles = with_consent(frames["cycles"], frames["customers"], default=consent)
        return predictor.predict(**{name: frames[name] for name in predictor.inputs} | {"cycles": cycles}, as_of=as_of)

    return PlanStep(
        "predict",
        predict,
        inputs=tuple(dict.fromkeys((*predictor.inputs, "customers"))),
        outputs=predictor.outputs,
        version=predictor.version,
        by_customer=tuple(dict.fromkeys((*predictor.by_customer, "customers"))) if predictor.by_customer else (),
        settings=lambda settings: {"consent": settings.privacy.consent_personalisation},
        extra_key=lambda: {"predictor": predictor.name, **predictor.parameters()},
        stand_in=_predict(stand_in) if stand_in else None,
    )
