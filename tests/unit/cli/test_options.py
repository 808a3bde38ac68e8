from __future__ import annotations

from typing import Any, get_args

import pytest

from omnix_cli import list_ids
from omnix_cli.cli.options import From, PredictorName, StoreKind, To, ToFolder, instead, render
from omnix_cli.cli.show import Context, Season
from omnix_cli.days.seasons import SEASONS
from omnix_cli.errors import PartialError
from omnix_cli.settings import PredictionSettings
from omnix_cli.store_kinds import FACTORIES


@pytest.mark.parametrize(
    ("choices", "known"),
    [
        (PredictorName, get_args(PredictionSettings.model_fields["predictor"].annotation)),
        (StoreKind, tuple(FACTORIES)),
        (Context, list_ids.CUSTOMER_CONTEXTS),
        (Season, ("current", *SEASONS)),
    ],
)
def test_a_flag_offers_what_there_is(choices: Any, known: tuple[str, ...]) -> None:
    assert set(get_args(choices)) == set(known)


def test_a_report_is_shown_also_when_some_failed() -> None:
    shown: list[str] = []

    def failing() -> str:
        error = PartialError("two failed")
        error.report = "partial"
        raise error

    render(lambda: "whole", shown.append)
    with pytest.raises(PartialError, match="two failed"):
        render(failing, shown.append)
    assert shown == ["whole", "partial"]


def test_an_old_spelling_names_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    instead("predict --compare", "predict compare")
    told = capsys.readouterr()
    assert (told.out, "use `predict compare`" in told.err) == ("", True)


def test_from_and_to_take_the_same_places() -> None:
    source, target, folder = (get_args(alias)[1] for alias in (From, To, ToFolder))
    assert source.metavar == target.metavar == folder.metavar == "PLACE"
    assert target.help == folder.help == source.help.replace("The source", "The target")
