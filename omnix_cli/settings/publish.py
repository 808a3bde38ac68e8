"""Settings of publishing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from omnix_cli.settings.section import Section, Share


class PublishSettings(Section):
    """How lists are published to the store."""

    lifetime_days: float = Field(7, gt=0)
    """Days after which a published item expires."""
    refresh_share: Share = 0.5
    """Write an unchanged item again once this share of its lifetime has passed."""
    lease_seconds: float = Field(60, gt=0)
    """How long another workspace waits for a publisher that makes no progress."""
    verify: Literal["none", "sample", "all"] = "sample"
    """What to read back and compare after publishing: nothing, a random sample, or every item."""
    verify_items: int = Field(300, ge=1)
    """The size of the sample."""
    write_price: float = Field(0.625, ge=0)
    """The price of a million write units, in dollars (on-demand tables, us-east-1, since November 2024)."""
