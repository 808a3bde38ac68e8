"""The frames of models are listed with all others."""

from __future__ import annotations

from omnix_cli.frames.model_answers import ANSWER_STATES, Analyses, DeadLetters, ModelUsage
from omnix_cli.schemas import FRAMES


def test_every_frame_of_models_is_stored_by_its_name() -> None:
    listed = {name: spec.schema for name, spec in FRAMES.items()}
    assert (listed["dead_letters"], listed["usage"], listed["analyses"]) == (DeadLetters, ModelUsage, Analyses)
    assert FRAMES["usage"].empty()["state"].dtype.categories.to_list() == list(ANSWER_STATES)
