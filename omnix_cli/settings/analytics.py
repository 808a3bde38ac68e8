"""Settings of the analytics: similarity, predictions, lists and privacy."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from omnix_cli.settings.section import Section, Share, Texts


class ContentWeights(Section):
    """The weights of content similarity. A part that both products lack is left out, the others are rescaled."""

    category: float = Field(0.4, ge=0)
    price: float = Field(0.2, ge=0)
    brand: float = Field(0.15, ge=0)
    text: float = Field(0.25, ge=0)


class SimilaritySettings(Section):
    """Similar products, by what is bought together and by content."""

    basis: Literal["customer", "basket"] = "customer"
    """What counts as bought together: by the same customer, or in the same basket."""
    measure: Literal["cosine", "jaccard", "lift", "conditional"] = "cosine"
    """The co-purchase measure that ranks."""
    neighbours: int = Field(50, ge=1, le=1000)
    """Neighbours to keep for each product."""
    min_support: int = Field(3, ge=1)
    """Customers (or baskets) that two products must share; those with very many products count less than one."""
    shrink: float = Field(10.0, ge=0)
    """Shrinkage: a score s on support n becomes s * n / (n + shrink)."""
    half_life_days: float | None = Field(None, gt=0)
    """Days after which a purchase counts half. Unset: all purchases count alike."""
    co_purchase_weight: Share = 0.5
    """How the score leans: 0.5 weighs both parts by their evidence, 1 is co-purchase only, 0 content only."""
    content: ContentWeights = ContentWeights()
    max_products_per_customer: int | None = Field(None, ge=2)
    """Use only so many products of each customer, those that most customers buy. Faster, but it changes the result.
    Unset: use all."""


class PredictionSettings(Section):
    """Replenishment predictions."""

    predictor: Literal["statistical", "bedrock", "bedrock-batch", "auto"] = "statistical"
    """What makes the predictions. `statistical`: the built-in statistics. `bedrock`: a model on Amazon Bedrock, asked
    on demand. `bedrock-batch`: the model, asked in batch jobs. `auto`: batch jobs when there are enough questions, else
    on demand."""
    gate: bool = False
    """Use the model only if it was at least as good as the statistics on a past period."""
    compare_days: int = Field(28, ge=7)
    """Length of that past period, in days. Also used by `omnix predict compare`."""
    compare_customers: int = Field(200, ge=1)
    """The most customers to compare predictors on."""
    personal_purchases: int = Field(3, ge=2)
    """Purchase days from which a customer's own rhythm counts. With fewer, the rhythm of the product is used."""
    min_alive: Share = 0.05
    """Make no prediction below this probability that the customer still buys the product."""
    lapsed_alive: Share = 0.2
    """Below this probability, a product that was bought repeatedly has lapsed once the time since the last purchase is
    beyond its rhythm, and a product without a rhythm of its own is unlikely to be bought again."""
    urgent_days: int = Field(7, ge=1)
    """Urgent: a purchase within this many days ..."""
    urgent_probability: Share = 0.5
    """... has at least this chance."""
    upcoming_days: int = Field(14, ge=1)
    """Upcoming: a purchase within this many days ..."""
    upcoming_probability: Share = 0.5
    """... has at least this chance."""
    min_repeat_share: Share = 0.2
    """Speak of the rhythm that customers share only if at least this share of those who bought a product did so again.
    """


class RankingSettings(Section):
    """The ranker: which products come in a customer's next basket."""

    method: Literal["auto", "formula", "logistic", "boosting"] = "auto"
    """What ranks. `auto`: the kind of model that was best on the last baskets, or the formula. `formula`: decayed
    shares of baskets, nothing fitted. `logistic`: a logistic regression. `boosting`: the mean of one and of boosted
    trees."""
    min_label_baskets: int = Field(300, ge=2)
    """`auto` fits no model to fewer customers with two baskets."""


class RecommendSettings(Section):
    """The lists made for each customer."""

    count: int = Field(10, ge=1, le=500)
    """Items of a personalised list. It is never shorter."""
    due_share: Share = 0.6
    """The share of the shelf `due again`; `new for you` has the rest."""
    replenishment_count: int = Field(20, ge=1, le=500)
    """The most items of a customer's replenishment list."""
    usual_count: int = Field(10, ge=0, le=500)
    """The most items of a customer's usual list. 0: no such lists, which saves a write for each customer."""
    trending_window_days: int = Field(28, ge=1)
    """Trending compares this many days with the same number of days before."""
    hemisphere: Literal["northern", "southern"] = "northern"
    """Where the shop is: spring begins in March in the north, in September in the south."""
    min_support: int = Field(3, ge=1)
    """Recommend an item to others only if at least this many customers bought it."""
    recent_days: int = Field(90, ge=1)
    """What was not sold in so many days is offered neither as new nor as similar; what was never sold yet may be."""
    max_share_of_category: Share = 0.5
    """The most of a list that one category may have, what the customer buys again aside. If nothing else is left, it
    may have more."""
    max_alike: int = Field(3, ge=1)
    """The most products of a list whose names differ in one word. Numbers count: milk 1 % is not milk 2 %."""
    excluded_products: Texts = ()
    """Ids of products that are never recommended, nor named in a reason. Here and below, `*` stands for any text, `?`
    for one character, and case does not count."""
    excluded_names: Texts = ()
    """Names of such products, as in `*gift card*`."""
    excluded_tags: Texts = ()
    """Tags of such products."""
    excluded_brands: Texts = ()
    """Brands of such products."""
    excluded_categories: Texts = ()
    """Categories of such products (tobacco, fuel, gift cards)."""
    not_products: str | None = None
    """A file of rules that say what is no product, such as postage. Unset: `configs/rules/not_products.toml`."""
    offer_free: bool = False
    """Also recommend what never cost anything, such as free samples."""
    offer_out_of_stock: Texts = ()
    """Categories or tags whose products are offered without stock, because they are ordered for the customer; `*` for
    all."""
    excluded_customers: Texts = ()
    """Accounts (staff, resellers) that do not count in what the shop as a whole buys: popular, trending and seasonal
    products. They get lists of their own all the same."""

    @property
    def exclusions(self) -> dict[str, list[str]]:
        """The patterns of what is excluded, by the kind of text they are about."""
        return {
            "product": list(self.excluded_products),
            "name": list(self.excluded_names),
            "tag": list(self.excluded_tags),
            "brand": list(self.excluded_brands),
            "category": list(self.excluded_categories),
        }

    @property
    def of_products(self) -> dict[str, Any]:
        """What decides which products are offered at all."""
        return {
            "exclusions": self.exclusions,
            "offer_out_of_stock": self.offer_out_of_stock,
            "offer_free": self.offer_free,
            "recent_days": self.recent_days,
        }


class ShopListSettings(Section):
    """The lists that are the same for every customer."""

    similar_count: int = Field(10, ge=1, le=500)
    """The most similar products listed for each product."""
    complement_count: int = Field(0, ge=0, le=500)
    """The most complements listed for each product: what is bought together with it. 0: no such lists. Each list is an
    item of the store, so these are as many again as the similar ones."""
    substitute_count: int = Field(0, ge=0, le=500)
    """The most substitutes listed for each product: what meets the same need. 0: no such lists."""
    trending_count: int = Field(50, ge=1, le=500)
    """The most items of the trending list."""
    seasonal_count: int = Field(50, ge=1, le=500)
    """The most items of each season's list."""
    popular_count: int = Field(50, ge=1, le=500)
    """The most items of the popular list."""


class QualitySettings(Section):
    """Floors of quality. A night below one of them is not published: `omnix run` measures before it publishes, if any
    of them is set."""

    min_recall_at_10: Share | None = None
    """The least share of the products of a customer's next basket that must be in the first ten: asked 14 days before
    the day of the run (a quarter of a shorter history), for the first basket since."""
    min_ndcg_at_10: Share | None = None
    """The least NDCG@10 of the same lists."""
    max_calibration_error: Share | None = None
    """The most that the chances of a purchase within 14 days may be off: what was said 14 days ago beside what came."""
    customers: int = Field(500, ge=1)
    """Measure on at most so many customers, chosen by the hash of their id."""

    @property
    def has_floor(self) -> bool:
        return any(
            floor is not None for floor in (self.min_recall_at_10, self.min_ndcg_at_10, self.max_calibration_error)
        )


class PrivacySettings(Section):
    """Privacy: the smallest groups shown, and the consent assumed."""

    min_customers: int = Field(3, ge=1)
    """Hide figures about fewer customers than this."""
    consent_personalisation: bool = True
    """Personalise for customers whose profile does not say."""
    consent_ai_analysis: bool = False
    """Send data to a model about customers whose profile does not say."""
