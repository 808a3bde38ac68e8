from __future__ import annotations

from datetime import date
from decimal import Decimal

from omnix_cli.services.lookups.explanations import Explanation, Fact

DAYS = [date(2024, 5, 1), date(2024, 5, 8)]
WHY = Explanation(
    (
        Fact("lists", "ann#homepage", {"rank": 1, "score": 0.25}),
        Fact("evidence", "bought on", DAYS),
        Fact("evidence", "gaps in days", []),
        Fact("product", "price", Decimal("2.50")),
    )
)


def test_a_table_has_the_facts_in_words() -> None:
    assert WHY.table().rows() == [
        ("lists", "ann#homepage", "rank 1, score 0.25"),
        ("evidence", "bought on", "2024-05-01, 2024-05-08"),
        ("evidence", "gaps in days", "none"),
        ("product", "price", "2.50"),
    ]


def test_a_document_has_them_by_part() -> None:
    assert WHY.document() == {
        "lists": {"ann#homepage": {"rank": 1, "score": 0.25}},
        "evidence": {"bought on": DAYS, "gaps in days": []},
        "product": {"price": 2.5},
    }
