"""Settings of replenishment predictions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from omnix_cli.settings.section import Section, Share


class PredictionSettings(Section):
    """Replenishment predictions."""

    predictor: Literal["statistical", "bedrock", "bedrock-batch", "auto"] = "statistical"
    """What makes the predictions. `statistical`: the built-in statistics. `bedrock`: a model on Amazon Bedrock, asked
    on demand. `bedrock-batch`: the model, asked in batch jobs. `auto`: batch jobs when there are enough questions, else
    on demand."""
    gate: bool = False
    """Use the model only if it was at least as good as the statistics on a past period."""
    compare_days: int = Field(28, ge=7)
    """Length of that past period, in days. Also used by `omnix predict compare`."""
    compare_customers: int = Field(200, ge=1)
    """The most customers to compare predictors on."""
    personal_purchases: int = Field(3, ge=2)
    """Purchase days from which a customer's own rhythm counts. With fewer, the rhythm of the product is used."""
    min_alive: Share = 0.05
    """Make no prediction below this probability that the customer still buys the product."""
    lapsed_alive: Share = 0.2
    """Below this probability, mark a prediction as lapsed: the customer has probably moved on."""
    urgent_days: int = Field(1, ge=0)
    """Urgent: due within this many days ..."""
    urgent_confidence: Share = 0.7
    """... with a confidence above this."""
    upcoming_days: int = Field(7, ge=1)
    """Upcoming: due within this many days ..."""
    upcoming_confidence: Share = 0.6
    """... with a confidence above this."""
