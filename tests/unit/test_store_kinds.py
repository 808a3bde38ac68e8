"""The kinds of table stores."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from omnix_cli.protocols.tables import StoreFactory
from omnix_cli.store_kinds import FACTORIES, check_kind


@pytest.mark.parametrize("module", FACTORIES.values())
def test_every_kind_has_a_factory_that_makes_all_parts(module: str) -> None:
    factory = import_module(module).Factory
    parts = [name for name, _ in inspect.getmembers(StoreFactory, inspect.isfunction) if not name.startswith("_")]
    assert parts == ["administration", "store", "whole_table"]
    assert all(callable(getattr(factory, part)) for part in parts)


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    assert check_kind("sqlite") == "sqlite"
    with pytest.raises(ValueError, match="'oracle'; choose one of: sqlite, dynamodb"):
        check_kind("oracle")
