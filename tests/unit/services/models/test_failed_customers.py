from __future__ import annotations

import polars as pl

from omnix_cli.services.models.failed_customers import questions_to_drop


def test_only_questions_about_failed_customers_alone_are_dropped() -> None:
    asked = pl.DataFrame(
        {"customer_id": ["ann", "bob", "cat", "dan"], "question": ["q1", "q2", "q2", "q3"]},
    )
    failed = pl.DataFrame({"customer_id": ["ann", "bob"]})
    assert questions_to_drop(failed, asked) == ["q1"]  # q2 also answers for cat
    both = pl.DataFrame({"customer_id": ["bob", "cat"]})
    assert questions_to_drop(both, asked) == ["q2"]
