from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from omnix_cli.settings import PublishSettings, S3Settings, Section, StoreSettings


@pytest.mark.parametrize(
    ("section", "given", "message"),
    [
        (StoreSettings, {"kind": "dynamo"}, "dynamodb"),
        (StoreSettings, {"prefix": "omnix ai"}, "pattern"),
        (StoreSettings, {"tables": {"expiring": ["products"]}}, "recommendations"),
        (PublishSettings, {"refresh_share": 1.5}, "less than or equal to 1"),
        (S3Settings, {"leftover_hours": 0}, "greater than 0"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_opened(
    section: type[Section], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        section.model_validate(given)


def test_lists_go_to_a_file_on_this_machine_by_default() -> None:
    assert StoreSettings().kind == "sqlite"
