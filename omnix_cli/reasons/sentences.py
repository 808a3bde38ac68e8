"""Every sentence that a reason may hold, and the forms of reasons."""

from __future__ import annotations

from omnix_cli.reasons.grammar import Form, Sentence

# Why a customer needs a product again.
OWN_RHYTHM = Sentence("own_rhythm", "you buy this about every {every:day}, last {ago:day} ago")
SHARED_BY_PRODUCT = Sentence("rhythm_of_product", "customers who buy this need it about every {every:day}")
SHARED_BY_CATEGORY = Sentence(
    "rhythm_of_category", "customers who buy products of this kind need them about every {every:day}"
)
SHARED_BY_ALL = Sentence("rhythm_of_all", "customers who buy a product again need it about every {every:day}")
NO_RHYTHM = Sentence("no_rhythm", "nobody can say yet how often this is needed")
BOUGHT_ONCE = Sentence("bought_once", "you bought it once, {ago:day} ago")
BOUGHT_TWICE = Sentence("bought_twice", "you bought it twice, last {ago:day} ago")
BOUGHT_OFTEN = Sentence("bought_often", "you bought it {times:#} times, last {ago:day} ago")

# Why a product is offered that the customer never bought.
TOGETHER_WITH = Sentence("together_with", "bought together with {source} by {customers:customer}")
CATEGORY_OF = Sentence("category_of", "same category as {source}: {category}")
SIMILAR_TO = Sentence("similar_to", "similar to {source}, which you buy")
SIGNALS = {
    "add_to_cart": Sentence("cart", "you put this into your cart {ago:day} ago"),
    "wishlist": Sentence("wish", "you wished for this {ago:day} ago"),
    "view": Sentence("view", "you looked at this {ago:day} ago"),
    "search": Sentence("search", "you searched for this {ago:day} ago"),
}
FAVOURITE_CATEGORY = Sentence("favourite_category", "in your favourite category {category}")
PREFERRED_BRAND = Sentence("preferred_brand", "of {brand}, a brand you prefer")

# What the whole shop buys.
POPULAR = Sentence("popular", "bought by {customers:customer}")
TRENDING = Sentence("trending", "bought by {customers:customer} in the last {days:day}, {before:#} before")
NEW_TREND = Sentence("new_trend", "bought by {customers:customer} in the last {days:day}, hardly anybody before")
SEASONAL = Sentence(
    "seasonal", "sells {times:#} times as well in {season} as on average ({days:day} of {season_again})"
)
SEASONAL_CATEGORY = Sentence(
    "seasonal_category",
    "category {category} sells {times:#} times as well in {season} as on average ({days:day} of {season_again}, "
    "less than a year of history)",
)

# Why two products are neighbours.
TOGETHER = Sentence("together", "bought together by {customers:customer}")
SAME_CATEGORY = Sentence("same_category", "same category: {category}")
SAME_BRAND = Sentence("same_brand", "same brand: {brand}")
SIMILAR_PRICE = Sentence("similar_price", "similar price")
SIMILAR_TEXT = Sentence("similar_text", "similar description")
SIMILAR = Sentence("similar", "similar product")

_SHOP = (TRENDING, NEW_TREND, SEASONAL_CATEGORY, SEASONAL, POPULAR)
_TASTES = (FAVOURITE_CATEGORY, PREFERRED_BRAND)
NEEDED_AGAIN = Form(
    (
        (OWN_RHYTHM, SHARED_BY_PRODUCT, SHARED_BY_CATEGORY, SHARED_BY_ALL, NO_RHYTHM),
        (BOUGHT_ONCE, BOUGHT_TWICE, BOUGHT_OFTEN),
    ),
    "; ",
)
OFFERED_AS_NEW = Form(((TOGETHER_WITH, CATEGORY_OF, SIMILAR_TO, *SIGNALS.values()), _TASTES), ", ")
FILLED_UP = Form((_TASTES, _SHOP), ", ")
OF_THE_SHOP = Form((_SHOP,), ", ")
NEIGHBOURS = Form(((TOGETHER,), (SAME_CATEGORY,), (SAME_BRAND,), (SIMILAR_PRICE,), (SIMILAR_TEXT,), (SIMILAR,)), "; ")
