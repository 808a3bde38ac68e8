from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.cycles import numbered, pair_rhythms, purchase_days
from omnix_cli.steps.forecasts.known_pairs import known_pairs
from tests.conftest import purchases

AS_OF = date(2024, 7, 1)
_LINES = st.tuples(
    st.sampled_from(["ann", "bob"]), st.sampled_from(["milk", "oats", "rye"]), st.integers(1, 400), st.integers(1, 9)
)


@given(st.lists(_LINES, min_size=1, max_size=60))
def test_it_is_what_cycles_say_of_the_pairs(lines: list[tuple[str, str, int, int]]) -> None:
    """Also where days follow each other in bursts, and where no pair was bought twice."""
    rows = ((customer, product, str(AS_OF - timedelta(ago)), units / 3) for customer, product, ago, units in lines)
    days = numbered(purchase_days(purchases(*rows).lazy(), as_of=AS_OF))
    found = known_pairs(days, as_of=AS_OF)
    assert found.equals(pair_rhythms(days, as_of=AS_OF).select(found.columns).collect())
    assert {"occasions", "mean_log_gap", "typical_quantity", "quantity_gap_product"} <= set(found.columns)


def test_of_days_that_nobody_knew_yet_nothing_is_known() -> None:
    days = numbered(purchase_days(purchases(("ann", "milk", "2024-07-02")).lazy(), as_of=AS_OF))
    assert known_pairs(days, as_of=AS_OF).is_empty()
    assert known_pairs(days, as_of=AS_OF).schema["mean_log_gap"] == pl.Float64
