from __future__ import annotations

import math

import pytest

from tests.unit.steps.neighbours.solving import pair, products, purchases, solve

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
