"""How a homepage is put together: what is due again, what is new for you, and in which order."""

from __future__ import annotations

import polars as pl

from omnix_cli.protocols.steps import Engine
from tests.spec.shop import Shop, expect

ANN = Shop(
    products="""
        product
        -------
        milk
        tea
        oats
        jam
        """,
    purchases="""
        customer | product | days ago
        ---------|---------|---------
        ann      | milk    | 3
        ann      | milk    | 10
        ann      | milk    | 17
        ann      | tea     | 10
        bob      | jam     | 4
        """,
    goes_with="""
        product | neighbour
        --------|----------
        milk    | oats
        milk    | jam
        """,
)


def test_the_two_shelves_take_turns(engine: Engine) -> None:
    """Half of the places for what is due, half for what is new: they alternate, what is due first."""
    expect(
        ANN.homepage(engine, "ann", count=4, due_share=0.5),
        """
        rank | product | shelf
        -----|---------|------------
        1    | milk    | due_again
        2    | oats    | new_for_you
        3    | tea     | due_again
        4    | jam     | new_for_you
        """,
    )


def test_a_share_of_places_may_be_the_whole_list(engine: Engine) -> None:
    """With a share of 1 the list holds what is due, with 0 what is new."""
    expect(
        ANN.homepage(engine, "ann", count=2, due_share=1.0),
        """
        product | shelf
        --------|----------
        milk    | due_again
        tea     | due_again
        """,
    )
    expect(
        ANN.homepage(engine, "ann", count=2, due_share=0.0),
        """
        product | shelf
        --------|------------
        oats    | new_for_you
        jam     | new_for_you
        """,
    )


def test_half_a_place_goes_to_what_is_due(engine: Engine) -> None:
    """Half of three places is one and a half: two for what is due."""
    expect(
        ANN.homepage(engine, "ann", count=3, due_share=0.5),
        """
        product | shelf
        --------|------------
        milk    | due_again
        oats    | new_for_you
        tea     | due_again
        """,
    )


def test_a_shelf_with_too_little_leaves_its_places_to_the_other(engine: Engine) -> None:
    """What fills the places of the other shelf comes at the end and is tagged `fills_up`."""
    expect(
        ANN.homepage(engine, "ann", count=4, due_share=0.75),
        """
        product | shelf       | tags
        --------|-------------|--------------------------
        milk    | due_again   | later
        tea     | due_again   | later
        oats    | new_for_you | bought_together
        jam     | new_for_you | bought_together, fills_up
        """,
    )


def test_what_is_most_likely_bought_within_14_days_comes_first(engine: Engine) -> None:
    """The score of what is due is its chance of a purchase within 14 days."""
    shop = Shop(
        products="""
            product
            -------
            old
            rare
            often
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | often   | 5
            ann      | rare    | 5
            ann      | old     | 200
            """,
        predictions="""
            customer | product | chance in 14 days
            ---------|---------|------------------
            ann      | often   | 0.8
            ann      | rare    | 0.2
            ann      | old     | 0.1
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product | score
        --------|------
        often   | 0.8
        rare    | 0.2
        old     | 0.1
        """,
    )


def test_what_was_bought_within_half_its_rhythm_or_given_up_is_not_due(engine: Engine) -> None:
    """It makes room for what is new, and comes last when nothing else is left."""
    shop = Shop(
        products="""
            product
            -------
            milk
            tea
            oil
            oats
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | milk    | 5
            ann      | tea     | 4
            ann      | oil     | 90
            """,
        predictions="""
            customer | product | urgency | interval | chance in 14 days
            ---------|---------|---------|----------|------------------
            ann      | milk    | later   | 10       | 0.3
            ann      | tea     | later   | 10       | 0.9
            ann      | oil     | lapsed  | 10       | 0.1
            """,
        goes_with="""
            product | neighbour
            --------|----------
            milk    | oats
            """,
    )
    expect(
        shop.homepage(engine, "ann", count=4),
        """
        product | shelf
        --------|------------
        milk    | due_again
        oats    | new_for_you
        tea     | fallback
        oil     | fallback
        """,
    )


def test_what_is_new_was_never_bought(engine: Engine) -> None:
    """A neighbour that the customer bought once, long ago, is not new."""
    shop = Shop(
        products="""
            product
            -------
            milk
            oats
            jam
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | milk    | 3
            ann      | oats    | 300
            bob      | jam     | 3
            """,
        goes_with="""
            product | neighbour
            --------|----------
            milk    | oats
            milk    | jam
            """,
    )
    expect(
        shop.homepage(engine, "ann", count=3, due_share=0.5),
        """
        product | shelf
        --------|------------
        milk    | due_again
        jam     | new_for_you
        oats    | due_again
        """,
    )


def test_a_neighbour_of_two_purchases_beats_a_nearer_one_of_one(engine: Engine) -> None:
    """What is new scores by all the products of the customer it goes with."""
    shop = Shop(
        products="""
            product
            -------
            milk
            tea
            jam
            oats
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | milk    | 3
            ann      | tea     | 3
            """,
        goes_with="""
            product | neighbour
            --------|----------
            milk    | jam
            milk    | oats
            tea     | lemon
            tea     | oats
            """,
    )
    expect(
        shop.homepage(engine, "ann", count=2, due_share=0.0),
        """
        product | score
        --------|------
        oats    | 0.33
        jam     | 0.25
        """,
    )


def test_a_tie_goes_to_the_lower_product_id(engine: Engine) -> None:
    """Equal scores are listed by product id, so that the list is the same every night."""
    shop = Shop(
        products="""
            product
            -------
            pears
            apples
            figs
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | pears   | 3
            ann      | apples  | 3
            ann      | figs    | 3
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product | score
        --------|------
        apples  | 0.5
        figs    | 0.5
        pears   | 0.5
        """,
    )


def test_an_item_has_the_date_the_state_and_the_chance_of_its_prediction(engine: Engine) -> None:
    """An overdue product was due in the past, and has a day on which it is expected now."""
    shop = Shop(
        products=ANN.products,
        purchases=ANN.purchases,
        predictions="""
            customer | product | urgency | in days | chance in 14 days
            ---------|---------|---------|---------|------------------
            ann      | milk    | overdue | -2      | 0.4
            ann      | tea     | lapsed  | 20      | 0.1
            """,
    )
    expect(
        shop.homepage(engine, "ann").filter(pl.col("urgency").is_not_null()),
        """
        product | urgency | due        | expected   | confidence
        --------|---------|------------|------------|-----------
        milk    | overdue | 2024-05-30 | 2024-06-01 | 0.4
        tea     | lapsed  | 2024-06-21 | 2024-06-21 | 0.1
        """,
    )


def test_replenishment_lists_what_is_due_by_date(engine: Engine) -> None:
    """The most probable products, in the order of their dates; what is later or has lapsed is not due."""
    shop = Shop(
        products="""
            product
            -------
            milk
            bread
            oil
            soap
            tea
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | bread   | 9
            ann      | milk    | 9
            ann      | oil     | 9
            ann      | soap    | 9
            ann      | tea     | 9
            """,
        predictions="""
            customer | product | urgency  | in days | chance in 7 days
            ---------|---------|----------|---------|-----------------
            ann      | bread   | upcoming | 6       | 0.3
            ann      | milk    | overdue  | -2      | 0.6
            ann      | oil     | later    | 30      | 0.9
            ann      | soap    | lapsed   | 1       | 0.8
            ann      | tea     | urgent   | 1       | 0.9
            """,
    )
    expect(
        shop.replenishment(engine, "ann"),
        """
        rank | product | urgency  | due        | score
        -----|---------|----------|------------|------
        1    | milk    | overdue  | 2024-05-30 | 0.6
        2    | tea     | urgent   | 2024-06-02 | 0.9
        3    | bread   | upcoming | 2024-06-07 | 0.3
        """,
    )
    expect(
        shop.replenishment(engine, "ann", replenishment_count=2),
        """
        product
        -------
        milk
        tea
        """,
    )
