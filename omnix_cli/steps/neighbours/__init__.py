"""The nearest products of every product: bought together, described alike, blended."""
