from __future__ import annotations

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.reports import merged_reasons, reason_counts


def quarantined(*rows: tuple[int, str, bool], file: str = "a.csv", row: str = '{"id": "7"}') -> pl.DataFrame:
    return FRAMES["quarantine"].conform(
        pl.DataFrame(
            [
                {
                    "file": file,
                    "row_number": number,
                    "item": 0,
                    "column": "quantity",
                    "value": "x",
                    "reason": reason,
                    "expected": expected,
                    "row": row,
                }
                for number, reason, expected in rows
            ]
        )
    )


def test_reasons_are_counted_over_files_the_unexpected_and_frequent_first() -> None:
    first = quarantined((3, "not a number", False), (4, "cancelled", True), (5, "too small", False))
    second = quarantined((9, "not a number", False), file="b.csv")
    reasons = merged_reasons([reason_counts(first), reason_counts(second)])
    assert [(reason.reason, reason.rows, reason.example) for reason in reasons] == [
        ("not a number", 2, "a.csv:3: x"),
        ("too small", 1, "a.csv:5: x"),
        ("cancelled", 1, "a.csv:4: x"),
    ]
    assert merged_reasons([]) == ()


def test_an_item_of_a_table_is_named_by_its_key() -> None:
    (reason,) = merged_reasons([reason_counts(quarantined((3, "too small", False), file="dynamodb:shop-purchases"))])
    assert reason.example == "dynamodb:shop-purchases id=7: x"
