"""What becomes of predictions that a model was asked for and did not give."""

from __future__ import annotations

import polars as pl


def questions_to_drop(dead_letters: pl.DataFrame, asked: pl.DataFrame) -> list[str]:
    """The questions whose replies must go before their customers can be asked again: those about nobody else than
    customers of `dead_letters` (`customer_id`). `asked` has `customer_id` and `question`, one row each."""
    failed = pl.col("customer_id").is_in(dead_letters["customer_id"].implode())
    return asked.group_by("question").agg(failed.all().alias("all")).filter("all")["question"].sort().to_list()
