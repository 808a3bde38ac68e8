from __future__ import annotations

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from omnix_cli.serving.http_api.bounds import Rates
from omnix_cli.serving.http_api.callers import LOCAL, Unauthorized
from omnix_cli.serving.http_api.every_request import Figures
from omnix_cli.serving.http_api.requests import Door
from omnix_cli.settings.web import ApiSettings
from tests.integration.http_api import doors


def test_without_keys_the_caller_is_this_machine(tmp_path: Path) -> None:
    door = Door(doors.Door(tmp_path).side, ApiSettings(), None, Rates(), Figures())
    assert door.caller({}, "127.0.0.1") == LOCAL
    LOCAL.check("anybody")
    LOCAL.check_service()


def test_with_keys_it_is_whom_the_token_names(tmp_path: Path) -> None:
    inside = doors.Door(tmp_path, doors.keyed())
    door: Door = inside.inner.state.door
    assert door.caller(Headers(doors.bearer("zoe")), "a").customer == "zoe"
    assert door.caller(Headers(doors.bearer(*doors.SERVICE)), "a").customer is None
    with pytest.raises(Unauthorized, match="no bearer token"):
        door.caller({}, "a")
