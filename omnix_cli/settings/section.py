"""What all settings have in common, and how AWS is reached."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """One part of the settings: immutable, unknown keys refused. The text below a field is its description."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
