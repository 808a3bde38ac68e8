"""BG/NBD: the textbook model of who buys again and when (Fader, Hardie & Lee, Marketing Science 24(2), 2005).

A buyer buys at a steady rate, gamma-distributed over buyers, and may stop after each purchase with a chance that is
beta-distributed over buyers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from omnix_cli.steps.evaluation.forecast_metrics import Floats

_STARTS = ((0.0, 0.0, 0.0, 0.0), (-1.0, 1.0, -0.5, 0.5))


class BgNbd(NamedTuple):
    """The four parameters; times are in the unit of the data."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, repeats: Floats, recency: Floats, age: Floats) -> Floats:
        """The chance that a buyer has not stopped: equation 4 of Fader, Hardie & Lee (2008), "Computing P(alive) using
        the BG/NBD model"."""
        rate = (self.r + repeats) * np.log((self.alpha + age) / (self.alpha + recency))
        stopped = np.exp(np.minimum(np.log(self.a / (self.b + np.maximum(repeats, 1) - 1)) + rate, 700))
        return np.where(repeats > 0, 1 / (1 + stopped), 1.0)

    def within(self, days: float, repeats: Floats, recency: Floats, age: Floats) -> Floats:
        """The chance of a purchase within so many days: alive, and not silent for that long."""
        silent = ((self.alpha + age) / (self.alpha + age + days)) ** (self.r + repeats)
        return self.alive(repeats, recency, age) * (1 - silent)

    def median_gap(self, repeats: Floats, age: Floats) -> Floats:
        """The median time to the next purchase of a buyer who has not stopped."""
        grown = np.exp(np.minimum(np.log(2) / (self.r + repeats), 20))
        return np.asarray((self.alpha + age) * (grown - 1))


def log_likelihood(model: BgNbd, repeats: Floats, recency: Floats, age: Floats, weight: Floats) -> float:
    """The sum over buyers of the log of equation 6: `repeats` purchases after the first, the last of them `recency`
    after it, observed for `age`."""
    r, alpha, a, b = model
    bought = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    kept = gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    silent = -(r + repeats) * np.log(alpha + age)
    stopped = np.log(a) - np.log(b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + recency)
    either = np.where(repeats > 0, np.logaddexp(silent, stopped), silent)
    return float((weight * (bought + kept + either)).sum())


def fit_bg_nbd(repeats: Floats, recency: Floats, age: Floats) -> BgNbd:
    """The most likely parameters. Buyers with equal figures are counted together."""
    scale = float(age.mean()) / 10 if age.mean() > 0 else 1.0
    cases = np.column_stack([repeats, recency / scale, age / scale])
    kinds, counts = np.unique(cases, axis=0, return_counts=True)
    x, recent, seen = kinds.T
    weight = counts.astype(np.float64)

    def loss(logs: Floats) -> float:
        model = BgNbd(*np.exp(np.clip(logs, -12, 12)))
        return float(-log_likelihood(model, x, recent, seen, weight) / weight.sum())

    options: Any = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-6, "fatol": 1e-10}
    fits = [minimize(loss, np.array(start), method="Nelder-Mead", options=options) for start in _STARTS]
    best = min(fits, key=lambda fit: float(fit.fun))
    r, alpha, a, b = (float(value) for value in np.exp(np.clip(best.x, -12, 12)))
    return BgNbd(r, alpha * scale, a, b)
