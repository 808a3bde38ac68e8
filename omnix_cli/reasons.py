"""The reasons that omnix gives, sentence by sentence: what each says, how it is written, and how it is read again.

A step writes a reason with `Sentence.say`; `omnix check reasons` reads it with `Form.read` and counts again what it
claims. Both follow the same wording, so that the texts and the check cannot drift apart.

A wording has fields: `{name}` is a text, `{name:#}` a number, `{name:customer}` a count with its noun (1 customer, 2
customers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

_FIELD = re.compile(r"\{(\w+)(?::([^}]+))?\}")
_NUMBER = r"\d[\d,]*(?:\.\d+)?"


@dataclass(frozen=True)
class Sentence:
    """One thing that a reason may say. `kind` names it in the results of the check."""

    kind: str
    wording: str

    def say(self, **fields: pl.Expr | str) -> pl.Expr:
        """The sentence with these fields (expressions, or names of columns); null where a field is null."""
        pieces = []
        for literal, name, form in self._pieces():
            pieces.append(pl.lit(literal))
            if name:
                value = fields[name]
                column = pl.col(value) if isinstance(value, str) else value
                pieces.append(column.cast(pl.String))
                if form and form != "#":
                    pieces.append(pl.when(column == 1).then(pl.lit(f" {form}")).otherwise(pl.lit(f" {form}s")))
        return pl.concat_str(pieces)

    def field(self, name: str) -> str:
        """The column of a field in what `Form.read` gives."""
        return f"{self.kind}__{name}"

    @cached_property
    def pattern(self) -> str:
        """The regular expression of the sentence, with a group for each field and one for the whole."""
        parts = [f"(?P<{self.field('text')}>"]
        for literal, name, form in self._pieces():
            parts.append(re.escape(literal).replace(r"\ ", " "))
            if name:
                value = ".+?" if form is None else _NUMBER
                noun = f" {re.escape(form)}s?" if form and form != "#" else ""
                parts.append(f"(?P<{self.field(name)}>{value}){noun}")
        return "".join([*parts, ")"])

    def _pieces(self) -> Iterator[tuple[str, str | None, str | None]]:
        """The literal before each field, the field and its form; the last literal without one."""
        end = 0
        for found in _FIELD.finditer(self.wording):
            yield self.wording[end : found.start()], found[1], found[2]
            end = found.end()
        yield self.wording[end:], None, None

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The fields that are numbers or counts."""
        return tuple(name for _, name, form in self._pieces() if name and form)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The fields that are texts."""
        return tuple(name for _, name, form in self._pieces() if name and not form)


@dataclass(frozen=True)
class Form:
    """How sentences make up a reason: places in order, each with alternatives, joined by a separator. Places may be
    empty, but not all of them."""

    places: tuple[tuple[Sentence, ...], ...]
    separator: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences that it may hold."""
        return tuple(sentence for place in self.places for sentence in place)

    def read(self, reasons: pl.Series) -> pl.DataFrame:
        """A row per reason: for each sentence the columns of its fields and `<kind>__text`, null where the reason does
        not hold it; all are null in a reason of another form."""
        separator = re.escape(self.separator).replace(r"\ ", " ")
        joined = "".join(
            f"(?:(?:{'|'.join(sentence.pattern for sentence in place)})(?:{separator}|$))?" for place in self.places
        )
        fields = reasons.str.extract_groups(f"(?s)^{joined}$").struct.unnest()
        numbers = [sentence.field(name) for sentence in self.sentences for name in sentence.numbers]
        return fields.with_columns(pl.col(numbers).str.replace_all(",", "").cast(pl.Float64, strict=False))


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
