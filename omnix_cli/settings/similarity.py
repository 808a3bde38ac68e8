"""Settings of the similarity of products."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from omnix_cli.settings.section import Section, Share


class ContentWeights(Section):
    """The weights of content similarity. A part that both products lack is left out, the others are rescaled."""

    category: float = Field(0.4, ge=0)
    price: float = Field(0.2, ge=0)
    brand: float = Field(0.15, ge=0)
    text: float = Field(0.25, ge=0)


class SimilaritySettings(Section):
    """Similar products, by what is bought together and by content."""

    basis: Literal["customer", "basket"] = "customer"
    """What counts as bought together: by the same customer, or in the same basket."""
    measure: Literal["cosine", "jaccard", "lift", "conditional"] = "cosine"
    """The co-purchase measure that ranks."""
    neighbours: int = Field(50, ge=1, le=1000)
    """Neighbours to keep for each product."""
    min_support: int = Field(3, ge=1)
    """Customers (or baskets) that two products must share."""
    shrink: float = Field(10.0, ge=0)
    """Shrinkage: a score s on support n becomes s * n / (n + shrink)."""
    half_life_days: float | None = Field(90.0, gt=0)
    """Days after which a purchase counts half."""
    co_purchase_weight: Share = 0.8
    """The share of co-purchase in the blended score; content has the rest."""
    content: ContentWeights = ContentWeights()
    max_products_per_customer: int | None = Field(None, ge=2)
    """Use only the heaviest products of each customer. Faster, but it changes the result. Unset: use all."""
