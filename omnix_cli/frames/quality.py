"""The frames that an evaluation makes: figures with their intervals, and what was said beside what happened."""

from __future__ import annotations

import dataframely as dy

VERDICTS = ("better", "worse", "no difference")


class Evaluations(dy.Schema):
    """The figures of one evaluation, in the order in which they are shown. `part` says of what (all products, those
    bought before, new ones; pairs with a rhythm; a category), `rule` what the metric means. `value` is a mean over
    `customers` customers (of `cases` questions, pairs or items), `low`..`high` its 95 % bootstrap interval over
    customers, null where none is computed.

    A method that is no baseline is compared with the best baseline of the same metric (`against`) on the same
    resampled customers: `difference` with its interval, and a `verdict` that calls it one only if that interval leaves
    out 0."""

    row = dy.Int32(primary_key=True, min=0)
    part = dy.String()
    metric = dy.String()
    method = dy.String()
    is_baseline = dy.Bool()
    value = dy.Float64(nullable=True)
    low = dy.Float64(nullable=True)
    high = dy.Float64(nullable=True)
    customers = dy.Int32(min=0)
    cases = dy.Int64(min=0)
    against = dy.String(nullable=True)
    difference = dy.Float64(nullable=True)
    difference_low = dy.Float64(nullable=True)
    difference_high = dy.Float64(nullable=True)
    verdict = dy.Enum(VERDICTS, nullable=True)
    rule = dy.String()


class Reliability(dy.Schema):
    """What was said and what happened, in tenths of probability: of `cases` chances from `from_probability` on, the
    mean was `predicted`, and `happened` of them came true (`low`..`high`: its 95 % interval)."""

    row = dy.Int32(primary_key=True, min=0)
    part = dy.String()
    metric = dy.String()
    method = dy.String()
    from_probability = dy.Float64(min=0, max=1)
    cases = dy.Int64(min=1)
    predicted = dy.Float64(min=0, max=1)
    happened = dy.Float64(min=0, max=1)
    low = dy.Float64(min=0, max=1)
    high = dy.Float64(min=0, max=1)
