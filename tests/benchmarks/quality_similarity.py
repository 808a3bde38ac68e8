"""How often the ten nearest products by co-purchase are of the product's own category, on Complete Journey.

    python -m tests.benchmarks.quality_similarity [--rows 2000000]

Baskets, products of at least 20 baskets, no content. To beat: plain cosine .272, cosine shrunk by 10 .276.
"""

from __future__ import annotations

import argparse
from datetime import date

import polars as pl

from omnix_cli.protocols.steps import Resources
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.neighbours.similarity import similarity
from tests.complete_journey import DATA, canonical

MIN_BASKETS = 20
VARIANTS = ({"shrink": 0.0, "half_life_days": None}, {"half_life_days": None}, {})


def main() -> None:
    """Prints the share for each variant of the settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=2_000_000, help="so many lines of the year")
    purchases = canonical(parser.parse_args().rows)
    categories = pl.read_parquet(DATA / "products.parquet").select(
        pl.col("product_id").cast(pl.Int64).cast(pl.String), category="product_category"
    )
    known = (
        purchases.group_by("product_id").agg(pl.col("order_id").n_unique()).filter(pl.col("order_id") >= MIN_BASKETS)
    )
    for variant in VARIANTS:
        parameters = SimilaritySettings(basis="basket", neighbours=10, co_purchase_weight=1.0, **variant)
        frame = similarity(
            purchases.lazy(),
            FRAMES["products"].empty().lazy(),
            as_of=date(2018, 1, 2),
            parameters=parameters,
            privacy=PrivacySettings(),
            resources=Resources(threads=2, memory_bytes=4 * 2**30),
        ).frames["neighbours"]
        near = (
            frame.filter(pl.col("co_purchase").is_not_null())
            .join(known, on="product_id", how="semi")
            .join(categories, on="product_id")
            .join(categories, left_on="neighbour_id", right_on="product_id", suffix="_of_neighbour")
        )
        share = (near["category"] == near["category_of_neighbour"]).mean()
        print(f"{variant or 'default settings'}: {share:.3f} of {near['product_id'].n_unique():,} products")


if __name__ == "__main__":
    main()
