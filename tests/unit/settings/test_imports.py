from __future__ import annotations

import pytest
from pydantic import ValidationError

from omnix_cli.settings import ImportSettings, SourceSettings, check_timezone


def test_a_time_zone_is_checked_and_the_nearest_suggested() -> None:
    assert check_timezone("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(ValidationError, match="did you mean Europe/Berlin"):
        ImportSettings(timezone="Europe/Berlyn")
    for city, zone in {"Paris": "Europe/Paris", "new_york": "America/New_York", "???": "Europe/Berlin"}.items():
        with pytest.raises(ValidationError, match=f"did you mean {zone}"):
            ImportSettings(timezone=city)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"kind": "purchases"}, "either files or the table of a store"),
        ({"kind": "purchases", "files": ("a.csv",), "store": "sqlite"}, "either files or the table of a store"),
        ({"kind": "orders", "store": "dynamodb"}, "no table holds orders"),
    ],
)
def test_a_source_is_files_or_a_table(source: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SourceSettings.model_validate(source)
