"""What a list says about each of its items: the reason in words, and the tags."""

from __future__ import annotations

from dataclasses import replace

from omnix_cli.protocols.steps import Engine
from tests.spec.shop import Shop, expect

ANN = Shop(
    products="""
        product | category  | brand
        --------|-----------|------
        milk    | Breakfast |
        oats    | Breakfast | Sun
        jam     |           |
        """,
    purchases="""
        customer | product | days ago
        ---------|---------|---------
        ann      | milk    | 3
        bob      | jam     | 3
        """,
    goes_with="""
        product | neighbour | customers
        --------|-----------|----------
        milk    | oats      | 12
        """,
)


def test_what_is_due_carries_the_reason_of_its_prediction(engine: Engine) -> None:
    """The shelf `due_again` says why the customer needs the product again; the tag is the urgency."""
    expect(
        ANN.homepage(engine, "ann", count=1, due_share=1.0),
        """
        product | reason                            | tags
        --------|-----------------------------------|------
        milk    | you buy this about every 10 days | later
        """,
    )


def test_bought_together_names_the_product_and_the_customers(engine: Engine) -> None:
    """A neighbour by purchases says with what it is bought, and by how many customers."""
    expect(
        ANN.homepage(engine, "ann", count=1, due_share=0.0),
        """
        product | reason                                     | tags
        --------|--------------------------------------------|----------------
        oats    | bought together with Milk by 10+ customers | bought_together
        """,
    )


def test_too_few_customers_are_never_counted_in_a_reason(engine: Engine) -> None:
    """Fewer than three customers could be recognised: the category is the reason instead."""
    few = replace(
        ANN,
        goes_with="""
            product | neighbour | customers | same category
            --------|-----------|-----------|--------------
            milk    | oats      | 2         | yes
            """,
    )
    expect(
        few.homepage(engine, "ann", count=1, due_share=0.0),
        """
        product | reason                           | tags
        --------|----------------------------------|--------------
        oats    | same category as Milk: Breakfast | same_category
        """,
    )


def test_a_product_that_is_only_alike_is_called_similar(engine: Engine) -> None:
    """Without common customers or a common category the reason is that the products are alike."""
    alike = replace(
        ANN,
        goes_with="""
            product | neighbour | customers
            --------|-----------|----------
            milk    | oats      |
            """,
    )
    expect(
        alike.homepage(engine, "ann", count=1, due_share=0.0),
        """
        product | reason                         | tags
        --------|--------------------------------|--------
        oats    | similar to Milk, which you buy | similar
        """,
    )


def test_a_wish_is_a_reason_of_its_own(engine: Engine) -> None:
    """What the customer wished for or put into the cart comes before everything else that speaks for it."""
    wished = replace(
        ANN,
        signals="""
            customer | product | signal      | days ago
            ---------|---------|-------------|---------
            ann      | oats    | wishlist    | 5
            ann      | jam     | add_to_cart | 2
            """,
    )
    expect(
        wished.homepage(engine, "ann", count=2, due_share=0.0),
        """
        product | reason                                     | tags
        --------|--------------------------------------------|--------------------------
        oats    | you wished for this on 27 May 2024         | bought_together, wishlist
        jam     | you put this into your cart on 30 May 2024 | add_to_cart
        """,
    )


def test_a_view_is_only_a_reason_where_there_is_no_better_one(engine: Engine) -> None:
    """A product that was looked at keeps the reason it has; without one, the view is the reason."""
    viewed = replace(
        ANN,
        signals="""
            customer | product | signal | days ago
            ---------|---------|--------|---------
            ann      | oats    | view   | 5
            ann      | jam     | search | 2
            """,
    )
    expect(
        viewed.homepage(engine, "ann", count=2, due_share=0.0),
        """
        product | reason                                     | tags
        --------|--------------------------------------------|----------------------
        oats    | bought together with Milk by 10+ customers | bought_together, view
        jam     | you searched for this on 30 May 2024       | search
        """,
    )


def test_a_purchase_settles_a_wish(engine: Engine) -> None:
    """What was bought since the wish is no longer wished for."""
    settled = replace(
        ANN,
        signals="""
            customer | product | signal   | days ago
            ---------|---------|----------|---------
            bob      | jam     | wishlist | 9
            """,
    )
    assert settled.homepage(engine, "bob").equals(ANN.homepage(engine, "bob"))
    expect(
        settled.homepage(engine, "bob", count=1),
        """
        product | shelf     | tags
        --------|-----------|------
        jam     | due_again | later
        """,
    )


def test_out_of_the_cart_is_out_of_mind(engine: Engine) -> None:
    """Taking a product out of the cart undoes the signals before it, and is no reason for an offer."""
    removed = replace(
        ANN,
        signals="""
            customer | product | signal           | days ago
            ---------|---------|------------------|---------
            ann      | jam     | add_to_cart      | 4
            ann      | jam     | remove_from_cart | 2
            """,
    )
    expect(
        removed.homepage(engine, "ann", count=2, due_share=0.0),
        """
        product | shelf       | tags
        --------|-------------|----------------
        oats    | new_for_you | bought_together
        milk    | due_again   | later, fills_up
        """,
    )


def test_signals_of_today_or_of_long_ago_say_nothing(engine: Engine) -> None:
    """Signals count from yesterday back to 90 days ago."""
    old = replace(
        ANN,
        signals="""
            customer | product | signal   | days ago
            ---------|---------|----------|---------
            ann      | jam     | wishlist | 0
            ann      | jam     | wishlist | 91
            bob      | oats    | wishlist | 90
            """,
    )
    expect(
        old.homepage(engine, "ann", count=3, due_share=0.0),
        """
        product | shelf
        --------|------------
        oats    | new_for_you
        milk    | due_again
        jam     | fallback
        """,
    )
    expect(
        old.homepage(engine, "bob", count=1, due_share=0.0),
        """
        product | reason
        --------|------------------------------------
        oats    | you wished for this on 3 March 2024
        """,
    )


def test_a_taste_is_said_after_the_reason(engine: Engine) -> None:
    """A favourite category or preferred brand of the profile is added to the reason."""
    fond = replace(
        ANN,
        customers="""
            customer | favourites | brands
            ---------|------------|-------
            ann      | Breakfast  | Moon
            """,
    )
    expect(
        fond.homepage(engine, "ann", count=1, due_share=0.0),
        """
        product | reason
        --------|---------------------------------------------------------------------------------
        oats    | bought together with Milk by 10+ customers, in your favourite category Breakfast
        """,
    )
