"""Every engine there is; a new one is one more line."""

from __future__ import annotations

import pytest

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.protocols.steps import Engine

pytest.register_assert_rewrite("tests.spec.shop")

ENGINES = {
    "polars": lambda: PolarsEngine(slice_rows=1_000_000),
    "polars, a slice per customer": lambda: PolarsEngine(slice_rows=1),
}


@pytest.fixture(params=ENGINES, ids=str)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]()
