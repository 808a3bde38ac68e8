"""Settings of recommendation lists."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from omnix_cli.settings.section import Section, Share


class RecommendSettings(Section):
    """The lists made for each customer."""

    count: int = Field(10, ge=1, le=500)
    """Items of a personalised list. It is never shorter."""
    due_share: Share = 0.6
    """The share of the shelf `due again`; `new for you` has the rest."""
    replenishment_count: int = Field(20, ge=1, le=500)
    """The most items of a customer's replenishment list."""
    trending_window_days: int = Field(28, ge=1)
    """Trending compares this many days with the same number of days before."""
    hemisphere: Literal["northern", "southern"] = "northern"
    """Where the shop is: spring begins in March in the north, in September in the south."""
    min_support: int = Field(3, ge=1)
    """Recommend an item to others only if at least this many customers bought it."""
    excluded_categories: tuple[str, ...] = ()
    """Categories that are never recommended (tobacco, fuel, gift cards)."""


class ShopListSettings(Section):
    """The lists that are the same for every customer."""

    similar_count: int = Field(10, ge=1, le=500)
    """The most similar products listed for each product."""
    trending_count: int = Field(50, ge=1, le=500)
    """The most items of the trending list."""
    seasonal_count: int = Field(50, ge=1, le=500)
    """The most items of each season's list."""
    popular_count: int = Field(50, ge=1, le=500)
    """The most items of the popular list."""
