"""The frames that predictions by a model make besides: what was asked, what failed, what was said."""

from __future__ import annotations

import dataframely as dy

ANSWER_STATES = ("asked", "repaired", "reused", "failed")


class DeadLetters(dy.Schema):
    """One row per customer for whom the model gave no valid answer; statistical predictions are used instead."""

    customer_id = dy.String(primary_key=True)
    question = dy.String()
    reason = dy.String(min_length=1)
    detail = dy.String()
    model = dy.String()
    prompt = dy.String()


class ModelUsage(dy.Schema):
    """One row per customer that the model was asked about: the customer's share of the tokens and dollars of the
    questions of this day, including those of an interrupted run or a batch job (0 if an answer was reused). `question`
    is the last question."""

    customer_id = dy.String(primary_key=True)
    question = dy.String()
    state = dy.Enum(ANSWER_STATES)
    way = dy.Enum(("on_demand", "batch", "none"))
    model = dy.String()
    prompt = dy.String()
    input_tokens = dy.Float64(min=0)
    output_tokens = dy.Float64(min=0)
    cache_read_tokens = dy.Float64(min=0)
    cache_write_tokens = dy.Float64(min=0)
    cost = dy.Float64(min=0)


class Analyses(dy.Schema):
    """A model's analysis of how a customer spends and behaves. `asked_day` is the day of the question, `analysis` the
    validated JSON object (spendingPatterns, behavioralInsights, dataQuality)."""

    customer_id = dy.String(primary_key=True)
    asked_day = dy.Date()
    model = dy.String()
    prompt = dy.String()
    data_quality = dy.Enum(("poor", "fair", "good", "excellent"))
    analysis = dy.String()
