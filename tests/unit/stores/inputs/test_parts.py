from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.inputs.parts import load


def test_a_missing_extra_says_how_to_install_it() -> None:
    assert load("excel", "json")[0].loads("1") == 1
    with pytest.raises(ConfigError, match="needs the package no_such_library") as error:
        load("excel", "no_such_library")
    assert "pip install 'omnix-cli[excel]'" in str(error.value.hint)
