"""What all settings have in common, and how AWS is reached."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
)

from omnix_cli.safe_text.masking import without_secrets

LARGEST_NUMBER = 10**15
"""Sums and products of larger numbers would not fit into 64 bits; nobody means them."""

MOST_DAYS = 100_000
"""Days further away than some centuries are in no calendar of Python."""

_MOST = {"days": MOST_DAYS, "hours": 1_000_000, "seconds": 100_000_000, "threads": 1_024}
"""The largest number of a setting whose name ends so. Timers of the system hold no longer times."""

LONGEST_URL = 2_000
"""Longer ones are refused by much of what lies between."""

Share = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
"""A list of texts; a single one may stand without brackets."""


def check_url(url: str) -> str:
    """The URL of a service. Raises ValueError for a text that is none."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a bad port, or half a bracket
        is_url = False
    if not is_url or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise ValueError("is not a URL such as http://localhost:8000 or https://service.example.com")
    return url


Url = Annotated[str, AfterValidator(check_url), PlainSerializer(without_secrets, when_used="json")]
"""The address of a service; what is printed or recorded of it has no password."""


class Section(BaseModel):
    """One part of the settings: immutable, unknown keys refused. The text below a field is its description."""

    # The value that an error is about may be a secret; pydantic would print it
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _within_reason(cls, value: Any, info: ValidationInfo) -> Any:
        most = _MOST.get((info.field_name or "").rpartition("_")[2], LARGEST_NUMBER)
        if isinstance(value, int | float | Decimal) and not -most <= value <= most:
            raise ValueError(f"must be a number up to {most:,}")
        if isinstance(value, str | Path) and "\0" in str(value):
            raise ValueError("must be a text without a NUL character")
        return value


def dump(section: BaseModel) -> dict[str, Any]:
    """A section as plain JSON values without secrets, for keys, manifests and people."""
    return section.model_dump(mode="json")


class AwsAccess(Section):
    """How to reach a service of AWS. What is not set comes from the AWS_* variables and the profile."""

    profile: str | None = None
    """The AWS profile. Default: AWS_PROFILE or the default profile."""
    region: str | None = None
    """The AWS region. Default: AWS_REGION or the region of the profile."""
    endpoint_url: Url | None = None
    """Send requests to this URL instead of the region's own endpoint, such as `http://localhost:9000`."""
