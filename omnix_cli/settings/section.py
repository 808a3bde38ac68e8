"""What all settings have in common."""

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
