"""The step `similarity`, through its frame."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from omnix_cli.protocols.steps import Resources, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.neighbours.similarity import similarity
from tests.complete_journey import canonical

AS_OF = date(2026, 3, 1)


def purchases(*lines: tuple) -> pl.DataFrame:
    """Lines of (customer, product, order or None, days before AS_OF, quantity, unit price or None)."""
    empty = FRAMES["purchases"].empty()
    rows = [
        {
            "purchase_id": str(number),
            "customer_id": customer,
            "product_id": product,
            "order_id": order,
            "purchased_at": datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=age),
            "purchase_day": AS_OF - timedelta(days=age),
            "quantity": float(quantity),
            "unit_price": price,
            "promotion_used": False,
            "kind": "purchase",
        }
        for number, (customer, product, order, age, quantity, price) in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(empty.columns) | dict(empty.schema))


def products(*rows: dict) -> pl.DataFrame:
    empty = FRAMES["products"].empty()
    full = [{"name": " ", "tags": [], "dietary": []} | row for row in rows]
    return pl.DataFrame(full, schema=dict(empty.schema)) if rows else empty


def solve(
    lines: pl.DataFrame, catalogue: pl.DataFrame | None = None, *, min_customers=1, resources=None, **parameters
) -> StepOutput:
    return similarity(
        lines.lazy(),
        (products() if catalogue is None else catalogue).lazy(),
        as_of=AS_OF,
        parameters=SimilaritySettings(**({"min_support": 1, "shrink": 0.0} | parameters)),
        privacy=PrivacySettings(min_customers=min_customers),
        resources=resources or Resources(threads=1, memory_bytes=2**30),
    )


def pair(output: StepOutput, product: str, neighbour: str) -> dict:
    frame = output.frames["neighbours"]
    return frame.row(by_predicate=(pl.col("product_id") == product) & (pl.col("neighbour_id") == neighbour), named=True)


MILK_AND_BREAD = purchases(
    ("ann", "milk", "1", 1, 1, None),
    ("ann", "bread", "1", 1, 1, None),
    ("bob", "milk", "2", 1, 3, None),
    ("bob", "bread", "3", 1, 1, None),
    ("cat", "milk", "4", 1, 1, None),
    ("dan", "soap", "5", 1, 1, None),
)


def test_measures_of_a_case_done_by_hand():
    both = pair(solve(MILK_AND_BREAD, half_life_days=None), "milk", "bread")

    # milk weighs ln 2, ln 4 = 2 ln 2, ln 2 with ann, bob, cat; bread ln 2, ln 2 with ann, bob; 4 customers in all
    assert both["cosine"] == pytest.approx((1 * 1 + 2 * 1) / (math.sqrt(6) * math.sqrt(2)), abs=1e-6)
    assert both["jaccard"] == pytest.approx(2 / 3)
    assert both["lift"] == pytest.approx(2 * 4 / (3 * 2))
    assert both["conditional"] == pytest.approx(2 / 3)
    assert (both["support"], both["customers"]) == (2, 2)
    assert pair(solve(MILK_AND_BREAD), "bread", "milk")["conditional"] == 1.0


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("cosine", 3 / math.sqrt(12)), ("jaccard", 2 / 3), ("lift", 4 / 7), ("conditional", 2 / 3)],
)
def test_score_is_the_chosen_measure_shrunk_by_its_support(measure, expected):
    output = solve(MILK_AND_BREAD, measure=measure, shrink=6.0, half_life_days=None, co_purchase_weight=0.5)

    both = pair(output, "milk", "bread")
    assert both["co_purchase"] == pytest.approx(expected * 2 / (2 + 6), abs=1e-6)
    assert both["score"] == pytest.approx(0.5 * both["co_purchase"], abs=1e-8)


def test_old_purchases_weigh_less_by_their_half_life():
    lines = purchases(
        ("ann", "milk", None, 10, 1, None),
        ("ann", "bread", None, 10, 1, None),
        ("bob", "milk", None, 40, 1, None),
        ("bob", "soap", None, 40, 1, None),
    )

    output = solve(lines, half_life_days=30.0)

    # milk: 1 with ann, a half (30 days older) with bob, in units of ann's weight
    assert pair(output, "milk", "bread")["cosine"] == pytest.approx(1 / math.sqrt(1.25), abs=1e-6)
    assert pair(output, "milk", "soap")["cosine"] == pytest.approx(0.5 / math.sqrt(1.25), abs=1e-6)


def test_baskets_count_orders_and_days_without_order_but_privacy_counts_customers():
    lines = purchases(
        *[("ann", product, order, 1, 1, None) for order in "123" for product in ("milk", "bread")],
        *[("bob", product, None, age, 1, None) for age in (1, 2) for product in ("milk", "soap")],
        ("bob", "bread", None, 3, 1, None),
    )

    open_output = solve(lines, basis="basket")
    assert pair(open_output, "milk", "bread")["support"] == 3
    assert pair(open_output, "milk", "bread")["customers"] == 1
    assert pair(open_output, "milk", "soap")["support"] == 2
    private = solve(lines, basis="basket", min_customers=2)
    assert private.frames["neighbours"].is_empty()
    assert private.figures["pairs_suppressed"] == 2


def test_suppressed_pairs_keep_their_content_and_show_no_figure_of_customers():
    catalogue = products({"product_id": "milk", "category": "dairy"}, {"product_id": "bread", "category": "dairy"})

    both = pair(solve(MILK_AND_BREAD, catalogue, min_customers=3), "milk", "bread")

    assert both["content"] == 1.0
    hidden = ("co_purchase", "cosine", "jaccard", "lift", "conditional", "support", "customers")
    assert all(both[column] is None for column in hidden)


def test_nothing_from_the_day_of_the_run_on_is_seen():
    later = MILK_AND_BREAD.with_columns(purchase_day=pl.lit(AS_OF))

    assert solve(later).frames["neighbours"].is_empty()


def test_no_history_and_no_catalogue_give_an_empty_frame():
    neighbours = solve(purchases()).frames["neighbours"]

    assert_frame_equal(FRAMES["neighbours"].conform(neighbours), FRAMES["neighbours"].empty())


CATALOGUE = products(
    {"product_id": "a", "name": "Whole milk", "category": "dairy", "brand": "Alp", "price": 2},
    {"product_id": "b", "name": "Skimmed milk", "category": "dairy", "brand": "Alp", "price": 1},
    {"product_id": "c", "name": "Hammer", "category": "tools"},
    {"product_id": "d", "name": "Oat drink", "category": "dairy", "price": 2},
)


def test_content_parts_of_a_case_done_by_hand():
    weights = {"category": 0.4, "price": 0.2, "brand": 0.15, "text": 0.25}
    output = solve(purchases(), CATALOGUE, content=weights, co_purchase_weight=0.0)

    both = pair(output, "a", "b")
    rare, common = math.log(5 / 2) + 1, math.log(5 / 3) + 1  # of 4 products; "milk" is in two
    text = common**2 / (rare**2 + common**2)
    assert both["text_similarity"] == pytest.approx(text)
    assert (both["same_category"], both["same_brand"], both["price_similarity"]) == (True, True, 0.5)
    assert both["content"] == pytest.approx(0.4 + 0.2 * 0.5 + 0.15 + 0.25 * text)
    assert both["score"] == pytest.approx(both["content"], abs=1e-8)
    one_sided = pair(output, "a", "d")  # d has no brand: unlike
    assert one_sided["same_brand"] is False
    assert one_sided["content"] == pytest.approx(0.4 + 0.2)


def test_what_both_lack_is_left_out_and_the_rest_rescaled():
    bare = products(*({"product_id": name, "category": "dairy"} for name in "ab"))

    both = pair(solve(purchases(), bare), "a", "b")

    assert both["content"] == 1.0
    assert (both["same_brand"], both["price_similarity"], both["text_similarity"]) == (None, None, None)


def test_a_price_the_catalogue_lacks_is_the_median_paid():
    catalogue = products({"product_id": "x", "category": "dairy", "price": 4}, {"product_id": "y", "category": "dairy"})
    lines = purchases(*(("ann", "y", None, age, 1, price) for age, price in ((1, 1), (2, 2), (3, 9))))

    assert pair(solve(lines, catalogue), "x", "y")["price_similarity"] == 0.5


def test_products_described_the_same_follow_each_other_by_id():
    catalogue = products(*({"product_id": name, "name": "Milk", "category": "dairy"} for name in "fbdace"))

    output = solve(purchases(), catalogue, neighbours=3)

    near = output.frames["neighbours"].group_by("product_id", maintain_order=True).agg("neighbour_id", "rank")
    assert near["neighbour_id"].to_list()[:2] == [["b", "c", "d"], ["a", "c", "d"]]
    assert near["neighbour_id"].to_list()[5] == ["a", "b", "c"]


def plain_content(one: dict, other: dict, rows: list[dict]) -> float | None:
    """Content likeness by the definition, in plain Python."""
    distinct = {str(row | {"product_id": ""}): set(row["name"].split()) for row in rows}.values()
    count = {word: sum(word in words for words in distinct) for words in distinct for word in words}
    weight = {word: math.log((1 + len(distinct)) / (1 + n)) + 1 for word, n in count.items()}
    words = set(one["name"].split()), set(other["name"].split())
    norms = [math.sqrt(sum(weight[word] ** 2 for word in some)) for some in words]
    parts = [(0.25, sum(weight[word] ** 2 for word in words[0] & words[1]) / (norms[0] * norms[1]))]
    for share, column in ((0.4, "category"), (0.15, "brand")):
        if one[column] is not None or other[column] is not None:
            parts.append((share, one[column] == other[column]))
    if one["price"] is not None or other["price"] is not None:
        known = one["price"] is not None and other["price"] is not None
        parts.append((0.2, min(one["price"], other["price"]) / max(one["price"], other["price"]) if known else 0))
    reachable = words[0] & words[1] or any(one[c] and one[c] == other[c] for c in ("category", "brand"))
    return sum(share * value for share, value in parts) / sum(share for share, _ in parts) if reachable else None


def test_a_small_catalogue_is_ranked_as_a_plain_loop_ranks_it():
    names = ["whole milk", "skimmed milk", "oat milk", "milk", "rye bread", "bread", "oat bread", "hammer"]
    rows = [
        {"product_id": f"{number:02}", "name": names[number % 8], "category": "dairy" if number % 3 else None,
         "brand": ["Alp", None, "Sea"][number % 3], "price": [None, 1, 2, 5][number % 4]}
        for number in range(36)
    ]  # fmt: skip

    frame = solve(purchases(), products(*rows), neighbours=6, co_purchase_weight=0.0).frames["neighbours"]

    for one in rows:
        scores = {other["product_id"]: plain_content(one, other, rows) for other in rows if other is not one}
        best = sorted((-round(score, 9), name) for name, score in scores.items() if score is not None)[:6]
        found = frame.filter(product_id=one["product_id"])
        assert found["neighbour_id"].to_list() == [name for _, name in best]
        assert found["content"].to_list() == pytest.approx([-score for score, _ in best])


def test_pairs_of_complete_journey_are_counted_exactly():
    output = solve(
        canonical(2_000_000), basis="basket", min_support=5, min_customers=3, neighbours=1,
        resources=Resources(threads=2, memory_bytes=2**33),
    )  # fmt: skip

    assert output.figures["cooccurring_pairs"] == 11_934_372
    assert output.figures["pairs_with_support"] == 357_551
    assert (output.figures["products"], output.figures["customers"]) == (68_509, 2_469)


@pytest.mark.parametrize("basis", ["customer", "basket"])
def test_threads_memory_and_row_order_change_nothing(basis):
    lines = canonical(15_000)
    said: list[str] = []

    plain = solve(lines, basis=basis, min_support=2, neighbours=10)
    others = [
        solve(lines, basis=basis, min_support=2, neighbours=10, resources=Resources(3, 2**30)),
        solve(lines, basis=basis, min_support=2, neighbours=10, resources=Resources(2, 1, said.append)),
        solve(lines.sample(fraction=1, shuffle=True, seed=1), basis=basis, min_support=2, neighbours=10),
    ]

    for other in others:
        assert_frame_equal(other.frames["neighbours"], plain.frames["neighbours"], check_exact=True)
        assert other.figures == plain.figures
    assert "row by row" in said[0]
    assert "multiply-adds" in said[0]
    FRAMES["neighbours"].conform(plain.frames["neighbours"])


def test_symmetric_measures_are_the_same_from_both_ends():
    frame = solve(canonical(15_000), min_support=2, neighbours=1000).frames["neighbours"]

    mirrored = frame.join(
        frame, left_on=["product_id", "neighbour_id"], right_on=["neighbour_id", "product_id"], suffix="_back"
    )
    assert mirrored.height == frame.height > 1000
    for column in ("score", "cosine", "jaccard", "lift", "support"):
        assert mirrored[column].equals(mirrored[f"{column}_back"])


def test_a_cap_on_products_per_customer_leaves_the_heaviest():
    lines = purchases(
        *(("ann", product, None, 1, quantity, None) for product, quantity in zip("abcd", (1, 5, 2, 9), strict=True))
    )

    frame = solve(lines, max_products_per_customer=2).frames["neighbours"]

    assert frame.select("product_id", "neighbour_id").rows() == [("b", "d"), ("d", "b")]
