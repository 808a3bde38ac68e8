"""What purchases, catalogue and profiles say about each claim of a list."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Form
from omnix_cli.services.lookups.claim_evidence import Evidence
from omnix_cli.services.lookups.list_claims import CHECKS
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, frame, interactions

CATALOGUE = frame(
    "products",
    {"product_id": "t", "name": "Green tea", "category": "Drinks", "brand": "Leaf", "price": "4.00"},
    {"product_id": "m", "name": "Milk", "category": "Drinks", "brand": "Alp", "price": "3.40"},
    {"product_id": "s", "name": "Sea salt", "category": "Spices", "brand": "Leaf", "price": "1.00"},
    {"product_id": "l", "name": "Tea: loose", "category": "Drinks"},
    {"product_id": "b", "name": "Black tea", "category": "Drinks", "brand": "Leaf", "price": "4.00"},
)


def ago(days: int) -> str:
    return str(AS_OF - timedelta(days=days))


LINES = purchases(
    *[(name, product, ago(days)) for name, days in (("ann", 3), ("bob", 40)) for product in ("t", "s")],
    ("cat", "t", ago(5)),
    ("ann", "m", ago(3)),
    ("eve", "l", ago(80)),
)
EVIDENCE = Evidence(
    PurchaseFacts(LINES.lazy(), CATALOGUE, AS_OF),
    interactions(("ann", "b", "wishlist", 4), ("ann", "b", "view", 2)),
    frame("customers", {"customer_id": "ann", "favorite_categories": ["Spices"], "brand_preferences": ["Leaf"]}),
    pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String, "interval_days": pl.Float64}),
    baskets=False,
)
LATELY = "bought by 2 customers in the last 28 days"
SPRING = "sells 1.0 times as well in spring as on average"
NEW, FILL, SHOP, NEAR = (
    sentences.OFFERED_AS_NEW,
    sentences.FILLED_UP,
    sentences.OF_THE_SHOP,
    sentences.NEIGHBOURS,
)


@pytest.mark.parametrize(
    ("form", "customer", "product", "source", "reason", "right"),
    [
        (NEW, "cat", "s", None, "bought together with Green tea by 2 customers", True),
        (NEW, "cat", "s", None, "bought together with Green tea by 3 customers", False),
        (NEW, "cat", "s", None, "bought together with Milk by 1 customer", False),  # cat bought no milk
        (NEW, "bob", "b", None, "same category as Green tea: Drinks", True),
        (NEW, "bob", "b", None, "same category as Sea salt: Spices", False),
        (NEW, "eve", "b", None, "same category as Tea: loose: Drinks", True),
        (NEW, "eve", "b", None, "same category as Tea: Drinks", False),
        (NEW, "ann", "b", None, "similar to Green tea, which you buy", True),
        (NEW, "cat", "b", None, "similar to Milk, which you buy", False),
        (NEW, "ann", "b", None, "you wished for this on 28 May 2024", True),
        (NEW, "ann", "b", None, "you put this into your cart on 28 May 2024", False),
        (NEW, "ann", "b", None, "you looked at this on 29 May 2024", False),
        (FILL, "ann", "s", None, "in your favourite category Spices, bought by 2 customers", True),
        (FILL, "ann", "m", None, "in your favourite category Spices, bought by 1 customer", False),
        (FILL, "bob", "s", None, "of Leaf, a brand you prefer, bought by 2 customers", False),
        (SHOP, None, "t", None, "bought by 3 customers", True),
        (SHOP, None, "t", None, "bought by 4 customers", False),
        (SHOP, None, "t", None, "bought by 2 customers in the last 28 days, 1 before", True),
        (SHOP, None, "t", None, "bought by 2 customers in the last 28 days, 2 before", False),
        (SHOP, None, "m", None, "bought by 1 customer in the last 28 days, hardly anybody before", True),
        (
            SHOP,
            None,
            "t",
            None,
            f"{LATELY}, 1 before (open on 2 days, before on 1)",
            True,
        ),
        (
            SHOP,
            None,
            "t",
            None,
            f"{LATELY}, 1 before (open on 9 days, before on 1)",
            False,
        ),
        (SHOP, None, "t", None, "sells 1.0 times as well in spring as on average (4 days of spring)", True),
        (SHOP, None, "t", None, "sells 2.0 times as well in spring as on average (4 days of spring)", False),
        (
            SHOP,
            None,
            "t",
            None,
            f"{SPRING} (9 days of spring, one year only)",
            False,
        ),
        (NEAR, None, "s", "t", "bought together by 2 customers; same brand: Leaf", True),
        (NEAR, None, "s", "t", "bought together by 3 customers; same brand: Leaf", False),
        (NEAR, None, "s", "t", "same category: Drinks", False),
        (NEAR, None, "m", "t", "same category: Drinks; similar price", True),
        (NEAR, None, "s", "t", "similar price", False),
        (NEAR, None, "b", "t", "similar description", True),
        (NEAR, None, "m", "t", "similar description", False),
    ],
)
def test_a_claim_is_held_against_the_facts(
    form: Form, customer: str | None, product: str, source: str | None, reason: str, right: bool
) -> None:
    read = form.read(pl.Series([reason]))
    schema = dict.fromkeys(("customer_id", "product_id", "source_id"), pl.String)
    claim = pl.DataFrame([(customer, product, source)], schema=schema, orient="row")
    verdicts = []
    for sentence in form.sentences:
        if read[sentence.field("text")].item() is not None:
            names = (*sentence.numbers, *sentence.texts, *sentence.dates)
            fields = {sentence.field(name): name for name in names}
            told = read.select(*fields).rename(fields) if fields else pl.DataFrame()
            rows = pl.concat([claim, told], how="horizontal") if fields else claim
            verdicts.append(CHECKS[sentence](EVIDENCE, rows)["right"].item())
    assert verdicts
    assert all(verdicts) is right


def test_every_sentence_is_checked() -> None:
    for form in (NEW, FILL, SHOP, NEAR):
        assert set(form.sentences) <= CHECKS.keys()
