"""Every sentence that a reason may hold, and the forms of reasons."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from omnix_cli.reasons.grammar import Form, Sentence

# Why a customer needs a product again: the own rhythm, else what is known of all customers, and the own purchases.
OWN_RHYTHM = Sentence("own_rhythm", "you buy this about every {every:day} ({gaps:gap}), last on {on:date}")
UNEVEN_RHYTHM = Sentence(
    "uneven_rhythm",
    "you bought this {times:#} times, half of the {gaps:#} gaps were {lower:#} to {upper:day}, last on {on:date}; "
    "expected after about {every:day}",
)
UNEVEN_RHYTHM_OF_ONE = Sentence(
    "uneven_rhythm_of_one",
    "you bought this {times:#} times, half of the {gaps:#} gaps were {lower:day}, last on {on:date}; "
    "expected after about {every:day}",
)
_DID = "(about {share:#} % did)"
_AGAIN = f"again did so after about {{every:day}} {_DID}"
_QUANTITY = ", by the quantity expected after about {expected:day}"
AGAIN = Sentence("again", f"customers who bought it {_AGAIN}")
AGAIN_QUANTITY = Sentence("again_quantity", f"customers who bought it {_AGAIN}{_QUANTITY}")
AGAIN_OF_KIND = Sentence("again_of_kind", f"customers who bought a product of this kind {_AGAIN}")
AGAIN_OF_KIND_QUANTITY = Sentence(
    "again_of_kind_quantity", f"customers who bought a product of this kind {_AGAIN}{_QUANTITY}"
)
FEW = Sentence("few", "few customers buy this again")
FEW_COUNTED = Sentence("few_counted", f"few customers buy this again {_DID}")
FEW_OF_KIND = Sentence("few_of_kind", "few customers buy products of this kind again")
FEW_OF_KIND_COUNTED = Sentence("few_of_kind_counted", f"few customers buy products of this kind again {_DID}")
UNKNOWN_RHYTHM = Sentence("unknown_rhythm", "it is not known how often customers buy this again")
BOUGHT_ONCE = Sentence("bought_once", "you bought it once, on {on:date}")
BOUGHT_TWICE = Sentence("bought_twice", "you bought it twice, last on {on:date}")
BOUGHT_ON_DAYS = Sentence("bought_on_days", "you bought it on {times:#} days, last on {on:date}")

# Why a product is offered that the customer never bought.
TOGETHER_WITH = Sentence("together_with", "bought together with {source} by {customers:+customer}")
CATEGORY_OF = Sentence("category_of", "same category as {source}: {category}")
SIMILAR_TO = Sentence("similar_to", "similar to {source}, which you buy")
SIGNALS = {
    "add_to_cart": Sentence("cart", "you put this into your cart on {on:date}"),
    "wishlist": Sentence("wish", "you wished for this on {on:date}"),
    "view": Sentence("view", "you looked at this on {on:date}"),
    "search": Sentence("search", "you searched for this on {on:date}"),
}
FAVOURITE_CATEGORY = Sentence("favourite_category", "in your favourite category {category}")
PREFERRED_BRAND = Sentence("preferred_brand", "of {brand}, a brand you prefer")


# What the whole shop buys. In a shop that knows no customers, orders are counted.
class ShopSentences(NamedTuple):
    """What is popular, and what trends: with the customers before, or hardly anybody then; each also for windows in
    which the shop was open on fewer days."""

    popular: Sentence
    trending: Sentence
    new_trend: Sentence
    trending_open: Sentence
    new_trend_open: Sentence

    @classmethod
    def of(cls, noun: str, by: str, few: str) -> ShopSentences:
        """The sentences that count such things: `by` 3 customers, `few` before."""
        popular, bought = (f"bought {by} {{customers:{form}}}" for form in (f"+{noun}", noun))
        rises = {"trending": f"{bought} in the last {{days:day}}, {{before:#}} before"}
        rises["new_trend"] = f"{bought} in the last {{days:day}}, {few} before"
        opened = " (open on {open:day}, before on {open_before:#})"
        rises |= {f"{kind}_open": wording + opened for kind, wording in rises.items()}
        trends = {kind: Sentence(f"{kind}_{by}_{noun}s", wording) for kind, wording in rises.items()}
        return cls(Sentence(f"popular_{by}_{noun}s", popular), **trends)


COUNTED = {
    "customer": ShopSentences.of("customer", "by", "hardly anybody"),
    "order": ShopSentences.of("order", "in", "hardly any"),
}
"""The sentences by what they count."""
_SEASON = "sells {times:#} times as well in {season} as on average ({days:day} of {season_again}"
SEASONAL = Sentence("seasonal", f"{_SEASON})")
SEASONAL_ONCE = Sentence("seasonal_once", f"{_SEASON}, one year only)")
SEASONAL_CATEGORY = Sentence("seasonal_category", f"category {{category}} {_SEASON}, {{history}} of history)")

# Why two products are neighbours. In a shop that knows no customers, orders are counted.
TOGETHER = {
    "customer": Sentence("together", "bought together by {customers:+customer}"),
    "order": Sentence("together_in_orders", "bought together in {customers:+order}"),
}
SAME_CATEGORY = Sentence("same_category", "same category: {category}")
SAME_BRAND = Sentence("same_brand", "same brand: {brand}")
SIMILAR_PRICE = Sentence("similar_price", "similar price")
SIMILAR_TEXT = Sentence("similar_text", "similar description")
SIMILAR = Sentence("similar", "similar product")

_SHOP = (*chain.from_iterable(COUNTED.values()), SEASONAL_CATEGORY, SEASONAL_ONCE, SEASONAL)
_TASTES = (FAVOURITE_CATEGORY, PREFERRED_BRAND)
_OF_ALL = (
    *(AGAIN, AGAIN_QUANTITY, AGAIN_OF_KIND, AGAIN_OF_KIND_QUANTITY, FEW, FEW_COUNTED, FEW_OF_KIND, FEW_OF_KIND_COUNTED),
    UNKNOWN_RHYTHM,
)
NEEDED_AGAIN = Form(
    (
        (OWN_RHYTHM, UNEVEN_RHYTHM, UNEVEN_RHYTHM_OF_ONE, *_OF_ALL),
        (BOUGHT_ONCE, BOUGHT_TWICE, BOUGHT_ON_DAYS),
    ),
    "; ",
)
OFFERED_AS_NEW = Form(((TOGETHER_WITH, CATEGORY_OF, SIMILAR_TO, *SIGNALS.values(), *_SHOP), _TASTES), ", ")
FILLED_UP = Form((_TASTES, _SHOP), ", ")
OF_THE_SHOP = Form((_SHOP,), ", ")
NEIGHBOURS = Form(
    ((*TOGETHER.values(),), (SAME_CATEGORY,), (SAME_BRAND,), (SIMILAR_PRICE,), (SIMILAR_TEXT,), (SIMILAR,)), "; "
)
