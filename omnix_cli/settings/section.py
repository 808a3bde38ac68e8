"""What all settings have in common, and how AWS is reached."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

LARGEST_NUMBER = 10**15
"""Sums and products of larger numbers would not fit into 64 bits; nobody means them."""

MOST_DAYS = 100_000
"""Days further away than some centuries are in no calendar of Python."""

Share = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
"""A list of texts; a single one may stand without brackets."""


class Section(BaseModel):
    """One part of the settings: immutable, unknown keys refused. The text below a field is its description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _within_reason(cls, value: Any, info: ValidationInfo) -> Any:
        most = MOST_DAYS if (info.field_name or "").endswith("days") else LARGEST_NUMBER
        if isinstance(value, int | float | Decimal) and not -most <= value <= most:
            raise ValueError(f"must be a number up to {most:,}")
        return value


def dump(section: BaseModel) -> dict[str, Any]:
    """A section as plain JSON values, for keys and manifests."""
    return section.model_dump(mode="json")


class AwsAccess(Section):
    """How to reach a service of AWS. What is not set comes from the AWS_* variables and the profile."""

    profile: str | None = None
    """The AWS profile. Default: AWS_PROFILE or the default profile."""
    region: str | None = None
    """The AWS region. Default: AWS_REGION or the region of the profile."""
    endpoint_url: str | None = None
    """Send requests to this URL instead of the region's own endpoint, such as `http://localhost:9000`."""
