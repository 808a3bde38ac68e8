from __future__ import annotations

import inspect
from datetime import date

import pytest

from omnix_cli.schemas import FRAMES
from omnix_cli.steps import step_functions
from omnix_cli.steps.cycles import cycles
from tests.conftest import purchases


def test_a_step_is_what_its_module_computes() -> None:
    rows = purchases(("ann", "milk", "2018-01-01"), ("ann", "milk", "2018-01-08")).lazy()
    given = {"purchases": rows, "as_of": date(2018, 1, 9)}
    made, expected = step_functions.cycles(**given).frames["cycles"], cycles(**given).frames["cycles"]
    assert FRAMES["cycles"].conform(made).equals(FRAMES["cycles"].conform(expected))


def test_every_step_can_be_loaded() -> None:
    functions = [one for _, one in inspect.getmembers(step_functions, inspect.isfunction)]
    assert len(functions) > 10
    for function in functions:
        with pytest.raises(TypeError, match=r"no_such_argument|missing"):
            function(no_such_argument=1)
