"""What the purchases say about each claim of a rhythm."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from omnix_cli.reasons import sentences
from omnix_cli.schemas import FRAMES
from omnix_cli.services.lookups.claim_evidence import Evidence
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.services.lookups.rhythm_claims import CHECKS
from tests.conftest import purchases
from tests.unit.steps.frames import frame

AS_OF = date(2020, 3, 1)
CATALOGUE = frame(
    "products",
    {"product_id": "tea", "name": "Tea", "category": "drinks"},
    {"product_id": "rum", "name": "Rum", "category": "drinks"},
)


def on(*days_ago: int) -> list[str]:
    return [str(AS_OF - timedelta(days=days)) for days in days_ago]


LINES = purchases(
    *[("ann", "tea", day) for day in on(33, 32, 23, 12, 3)],  # gaps 9, 11, 9 between occasions; the first two are one
    *[("bob", "tea", day) for day in on(20, 10)],
    *[("cat", "tea", day) for day in on(5)],
    *[("dan", "rum", day) for day in on(1)],
)
EVIDENCE = Evidence(
    PurchaseFacts(LINES.lazy(), CATALOGUE, AS_OF),
    FRAMES["interactions"].empty().lazy(),
    FRAMES["customers"].empty().lazy(),
    pl.DataFrame({"customer_id": ["ann"], "product_id": ["tea"], "interval_days": [9.6]}),
    baskets=False,
)

HALF = "half of the 3 gaps were 9 to 11 days, last on 27 February 2020; expected after about 10 days"
UNKNOWN = "it is not known how often customers buy this again"
OF_KIND = "customers who bought a product of this kind again did so"


@pytest.mark.parametrize(
    ("customer", "product", "reason", "right"),
    [
        ("ann", "tea", "you buy this about every 10 days (3 gaps), last on 27 February 2020", True),
        ("ann", "tea", "you buy this about every 10 days (4 gaps), last on 27 February 2020", False),
        (
            "ann",
            "tea",
            "you buy this about every 9 days (3 gaps), last on 27 February 2020",
            False,
        ),  # the date says 9.6
        ("ann", "tea", "you buy this about every 10 days (3 gaps), last on 26 February 2020", False),
        ("bob", "tea", "you buy this about every 10 days (1 gap), last on 20 February 2020", False),  # no prediction
        (
            "ann",
            "tea",
            f"you bought this 4 times, {HALF}",
            True,
        ),
        (
            "ann",
            "tea",
            f"you bought this 5 times, {HALF}",
            False,
        ),
        ("cat", "tea", "customers who bought it again did so after about 10 days (about 65 % did)", True),
        ("cat", "tea", "customers who bought it again did so after about 12 days (about 65 % did)", False),
        ("cat", "tea", "customers who bought it again did so after about 10 days (about 50 % did)", False),
        ("cat", "tea", "customers who bought it again did so after about 10 days (about 35 % did)", False),
        (
            "dan",
            "rum",
            f"{OF_KIND} after about 10 days (about 50 % did)",
            True,
        ),
        (
            "dan",
            "rum",
            f"{OF_KIND} after about 10 days (about 65 % did)",
            False,
        ),
        ("dan", "rum", "few customers buy this again (about 0 % did)", True),
        ("dan", "rum", "few customers buy this again (about 100 % did)", False),
        ("dan", "rum", "few customers buy products of this kind again", True),
        ("dan", "rum", f"{UNKNOWN}; you bought it once, on 29 February 2020", True),
        ("dan", "rum", f"{UNKNOWN}; you bought it once, on 28 February 2020", False),
        ("bob", "tea", "few customers buy this again; you bought it twice, last on 20 February 2020", True),
        ("cat", "tea", "few customers buy this again; you bought it twice, last on 25 February 2020", False),
        ("ann", "tea", "few customers buy this again; you bought it on 5 days, last on 27 February 2020", True),
        ("ann", "tea", "few customers buy this again; you bought it on 4 days, last on 27 February 2020", False),
    ],
)
def test_a_claim_is_held_against_the_purchases(customer: str, product: str, reason: str, right: bool) -> None:
    read = sentences.NEEDED_AGAIN.read(pl.Series([reason]))
    claim = pl.DataFrame({"customer_id": [customer], "product_id": [product]})
    verdicts = []
    for sentence in sentences.NEEDED_AGAIN.sentences:
        if read[sentence.field("text")].item() is not None:
            fields = {sentence.field(name): name for name in (*sentence.numbers, *sentence.dates)}
            rows = pl.concat([claim, read.select(*fields).rename(fields)], how="horizontal")
            verdicts.append(CHECKS[sentence](EVIDENCE, rows)["right"].item())
    assert verdicts
    assert all(verdicts) is right
