"""The frames of the ranker: its parameters, and what it ranks. Part of `schemas`."""

from __future__ import annotations

import dataframely as dy

RANKER_PARTS = ("known", "new")
RANKER_MODELS = ("validation", "chosen", "logistic", "trees", "chance")


class Ranker(dy.Schema):
    """The fitted ranker, one part for products bought before (`known`) and one for `new` ones: see
    `steps.ranking.learners`. `logistic` has one row per feature: `value` is its slope, `hinge` what the slope changes
    by above the mean, both per `scale`. `trees` has one row per node; a leaf has no feature. `chosen` names the kind
    and has the shift of the logit. `validation` has the figures by which it was chosen. `chance` makes the score of a
    new product a chance within 14 days: see `steps.ranking.new_chances`."""

    part = dy.Enum(RANKER_PARTS, primary_key=True)
    model = dy.Enum(RANKER_MODELS, primary_key=True)
    tree = dy.Int32(primary_key=True, min=-1)
    node = dy.Int32(primary_key=True, min=-1)
    feature = dy.String(primary_key=True)
    value = dy.Float64()
    mean = dy.Float64()
    scale = dy.Float64()
    hinge = dy.Float64()
    threshold = dy.Float64()
    left = dy.Int32(min=-1)
    right = dy.Int32(min=-1)


class Rankings(dy.Schema):
    """How likely each product is in a customer's next basket. `known` products were bought before, all of them are
    here; of the others the best. `rank` counts within customer and known. `score` is the chance that the ranker gives,
    comparable between all rows of a customer; by the formula it is an order only. `chance`
    of a new product: the calibrated chance of a purchase within 14 days. `contributions` says for the first
    ranks what made the score: the strongest features, the `rest` and the `base` add up to the logit of the score; empty
    by the formula."""

    customer_id = dy.String(primary_key=True)
    known = dy.Bool(primary_key=True)
    rank = dy.Int32(primary_key=True, min=1)
    product_id = dy.String()
    score = dy.Float64(min=0, max=1)
    chance = dy.Float64(nullable=True, min=0, max=1)
    contributions = dy.List(dy.Struct({"feature": dy.String(), "value": dy.Float64()}))
