from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.schemas import FRAMES
from omnix_cli.services.lookups.results import PROFILE, Results
from omnix_cli.services.lookups.run_frames import RunFrames
from tests.conftest import MemoryFrame
from tests.unit.services.runs.test_runner import make_runner


@pytest.fixture
def results(workspace: Path) -> Results:
    """A run that found no neighbours, and a shop that has imported nothing."""
    runner = make_runner(workspace)
    runner.execute(["similarity"], command="run")
    return Results(RunFrames(runner.records, runner.checkpoints, lambda kind: MemoryFrame(kind, FRAMES[kind].empty())))


def test_an_unknown_product_or_customer_is_refused(results: Results) -> None:
    with pytest.raises(DataError, match="there is no product 'caviar'"):
        results.similar("caviar", limit=5)


def test_unknown_contexts_and_seasons_are_refused(results: Results) -> None:
    with pytest.raises(ConfigError, match="no context 'doorstep'") as context:
        results.recommendations("ann", context="doorstep", limit=5)
    assert context.value.hint == "Choose one of: homepage, replenishment, usual."
    with pytest.raises(ConfigError, match="no season 'monsoon'"):
        results.seasonal("monsoon", limit=5)
    assert results.season("winter") == "winter"


def test_a_profile_has_every_column() -> None:
    assert list(PROFILE) == FRAMES["customers"].schema.column_names()
