"""Which reasons are true: what customers bought, and what may be said about it. The day of the run is 2024-06-01."""

from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.reasons import sentences
from omnix_cli.services.lookups.claim_evidence import Evidence
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.services.lookups.reason_checks import CHECKS
from tests.conftest import purchases
from tests.spec.ascii_tables import rows
from tests.unit.steps.frames import AS_OF, days_ago, frame

BOUGHT = """
    customer | product | days ago
    ---------|---------|---------
    ann      | paint   | 3
    ann      | paint   | 4
    ann      | paint   | 64
    ann      | paint   | 124
    ann      | tea     | 20
    bob      | tea     | 10
    bob      | tea     | 30
    bob      | brush   | 30
    bob      | paint   | 30
    cat      | tea     | 8
    cat      | brush   | 8
    cat      | paint   | 9
    """
"""Ann paints every two months; the tins of two days in a row are one occasion."""

SAID = """
    customer | product | reason                                                                      | true
    ---------|---------|-----------------------------------------------------------------------------|-----
    ann      | paint   | you buy this about every 60 days (2 gaps), last on 29 May 2024              | yes
    ann      | paint   | you buy this about every 60 days (3 gaps), last on 29 May 2024              | no
    ann      | paint   | you buy this about every 40 days (2 gaps), last on 29 May 2024              | no
    ann      | paint   | you buy this about every 60 days (2 gaps), last on 28 May 2024              | no
    ann      | tea     | customers who bought it again did so after about 20 days (about 35 % did)   | yes
    ann      | tea     | customers who bought it again did so after about 20 days (about 65 % did)   | no
    ann      | tea     | customers who bought it again did so after about 77 days (about 35 % did)   | no
    ann      | brush   | bought together with Paint by 2 customers                                   | yes
    ann      | brush   | bought together with Paint by 3 customers                                   | no
    ann      | brush   | same category as Paint: Hobby                                               | yes
    ann      | brush   | same category as Tea: Drinks                                                | no
    ann      | brush   | similar to Brush, which you buy                                             | no
    ann      | brush   | bought by 2 customers                                                       | yes
    ann      | brush   | bought by 2 customers in the last 28 days, 1 before                         | no
    ann      | brush   | bought by 1 customer in the last 28 days, 1 before                          | yes
    """


@pytest.mark.parametrize("claim", rows(SAID), ids=lambda claim: str(claim["reason"]))
def test_a_reason_is_true_when_the_purchases_say_so(claim: dict[str, str]) -> None:
    lines = [(str(row["customer"]), str(row["product"]), days_ago(int(str(row["days ago"])))) for row in rows(BOUGHT)]
    names = {"paint": "Hobby", "brush": "Hobby", "tea": "Drinks"}
    catalogue = frame(
        "products", *({"product_id": name, "name": name.title(), "category": of} for name, of in names.items())
    )
    evidence = Evidence(
        PurchaseFacts(purchases(*lines).lazy(), catalogue, AS_OF),
        frame("interactions"),
        frame("customers"),
        pl.DataFrame({"customer_id": ["ann"], "product_id": ["paint"], "interval_days": [60.2]}),
        baskets=False,
    )
    told = {"customer_id": claim["customer"], "product_id": claim["product"], "source_id": None}
    verdicts = []
    for form in (sentences.NEEDED_AGAIN, sentences.OFFERED_AS_NEW, sentences.OF_THE_SHOP):
        read = form.read(pl.Series([claim["reason"]])).row(0, named=True)
        for sentence in form.sentences:
            if read[sentence.field("text")] is not None:
                names = (*sentence.numbers, *sentence.texts, *sentence.dates)
                fields = {name: read[sentence.field(name)] for name in names}
                table = pl.DataFrame([told | fields], schema_overrides={"source_id": pl.String})
                verdicts.append(CHECKS[sentence](evidence, table)["right"].item())
    assert set(verdicts) == {claim["true"] == "yes"}
