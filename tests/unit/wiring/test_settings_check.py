from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import Settings
from omnix_cli.wiring.settings_check import check_configuration


def settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings.model_validate({"workspace": tmp_path / "shop", "engine": {"max_memory": "1GB"}, **changes})


def test_what_the_settings_lead_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "purchases.csv").touch()
    sources = [
        {"kind": "purchases", "files": [str(tmp_path / "*.csv")]},
        {"kind": "products", "store": "sqlite"},
    ]
    lines = check_configuration(settings(tmp_path, as_of="2018-01-01", imports={"sources": sources}))
    assert lines == [
        f"workspace {tmp_path / 'shop'}",
        "memory 1,000,000,000 bytes",
        "as of 2018-01-01",
        "purchases from 1 file",
        "products from the table in sqlite",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"as_of": "soon"}, "is not a day"),
        ({"engine": {"max_memory": "lots"}}, "is not a size"),
        ({"imports": {"sources": [{"kind": "purchases", "files": ["x.csv"], "mapping": "unheard-of"}]}}, "unheard-of"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_configuration(settings(tmp_path, **changes))
