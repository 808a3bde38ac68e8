"""The ids of published lists: how each is built, and what it says.

    <customer>#homepage        what to buy again and what is new, for one customer
    <customer>#replenishment   what one customer will need soon
    <customer>#usual           what one customer usually buys, the likeliest first
    similar#<product>          the products most like one product
    complements#<product>      what is bought together with one product
    substitutes#<product>      what meets the same need as one product
    trending#all               what sells better than it used to
    seasonal#<season>          what sells better in a season
    popular#all                what most customers buy

Builders take a text, or a polars expression of texts and then give an expression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    import polars as pl

CUSTOMER_KINDS = {"homepage": "personal", "replenishment": "replenishment", "usual": "usual"}
"""The kind of a customer's own list in each context."""
CUSTOMER_CONTEXTS = tuple(CUSTOMER_KINDS)
"""Where a customer's own lists are shown."""
HOMEPAGE_KINDS = ("personal", "popular")
"""The kinds of a customer's list for the homepage: without consent to personalisation, it has popular products."""
PRODUCT_KINDS = ("similar", "complements", "substitutes")
"""Kinds of lists that belong to a product."""
SHARED_KINDS = (*PRODUCT_KINDS, "trending", "seasonal", "popular")
"""Kinds of lists that belong to no customer: their ids begin with the kind."""

_Text = TypeVar("_Text", str, "pl.Expr")


class ListId(NamedTuple):
    """What an id says: the kind of list (as in the column `kind`), and the customer, product or season it is for."""

    kind: str
    subject: str

    @property
    def customer(self) -> str | None:
        """The customer it belongs to; None when it is shared."""
        return None if self.kind in SHARED_KINDS else self.subject


def personal(customer: _Text, context: str = "homepage") -> _Text:
    """A customer's list for one context, one of `CUSTOMER_CONTEXTS`."""
    return customer + f"#{context}"


def shared(kind: str, subject: _Text) -> _Text:
    """A list that belongs to no customer."""
    return f"{kind}#" + subject


def trending() -> str:
    """What sells better than it used to."""
    return shared("trending", "all")


def seasonal(season: str) -> str:
    """What sells better in this season."""
    return shared("seasonal", season)


def popular() -> str:
    """What most customers buy."""
    return shared("popular", "all")


def parse(list_id: str) -> ListId:
    """What the id says. Raises ValueError for a text that is not the id of a list."""
    kind, is_id, subject = list_id.partition("#")
    if is_id and kind in SHARED_KINDS:
        return ListId(kind, subject)
    customer, _, context = list_id.rpartition("#")
    if context not in CUSTOMER_KINDS:
        raise ValueError(f"{list_id!r} is not the id of a list")
    return ListId(CUSTOMER_KINDS[context], customer)


def is_shared(list_id: pl.Expr) -> pl.Expr:
    """Whether each list belongs to no customer."""
    return list_id.str.contains(f"^(?:{'|'.join(SHARED_KINDS)})#")
