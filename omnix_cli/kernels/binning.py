"""Features as numbers of bins, for trees grown on histograms.

With weights, scikit-learn's own binning takes longer than growing the trees; of values that are bins already it only
takes the distinct ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


def bin_edges(values: _Floats, bins: int) -> _Floats:
    """At most `bins` - 1 edges with about as many values between any two: values that occur. NaN counts nowhere."""
    given = values[~np.isnan(values)]
    return np.unique(np.quantile(given, np.arange(1, bins) / bins, method="lower")) if len(given) else np.zeros(1)


def binned(values: _Floats, edges: _Floats) -> _Floats:
    """The number of each value's bin: bin i holds what is above edge i - 1, up to edge i. NaN stays NaN."""
    return np.where(np.isnan(values), np.nan, np.searchsorted(edges, values).astype(np.float64))


def threshold_of(split: _Floats, edges: _Floats) -> _Floats:
    """The value up to which one goes left, for splits between numbers of bins; an infinite split (all that is not NaN
    goes left) stays so."""
    place = np.where(np.isfinite(split), np.floor(split), 0).astype(np.int64)
    return np.where(np.isfinite(split), edges[np.minimum(place, len(edges) - 1)], split)
