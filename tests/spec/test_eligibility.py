"""What nobody is offered, and what one customer is not."""

from __future__ import annotations

from omnix_cli.protocols.steps import Engine
from tests.spec.shop import Shop, expect


def test_an_excluded_category_is_offered_to_nobody(engine: Engine) -> None:
    """Excluded categories are never listed, also to those who buy them; upper and lower case are the same."""
    shop = Shop(
        products="""
            product | category
            --------|---------
            milk    | Dairy
            cigars  | TOBACCO
            tea     | Drinks
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | cigars  | 3
            """,
    )
    expect(
        shop.homepage(engine, "ann", excluded_categories=("Tobacco",)),
        """
        product | shelf
        --------|---------
        milk    | fallback
        tea     | fallback
        """,
    )


def test_a_product_out_of_stock_is_not_offered(engine: Engine) -> None:
    """A stock of 0 means sold out; an unknown stock does not."""
    shop = Shop(
        products="""
            product | stock
            --------|------
            milk    | 0
            tea     | 1
            jam     |
            """,
        customers="""
            customer
            --------
            new
            """,
    )
    expect(
        shop.homepage(engine, "new"),
        """
        product
        -------
        tea
        jam
        """,
    )


def test_few_buyers_are_too_few_to_recommend_to_others(engine: Engine) -> None:
    """What fewer customers than `min_support` bought is offered only to those who bought it before."""
    shop = Shop(
        products="""
            product | buyers
            --------|-------
            milk    | 3
            saffron | 2
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | saffron | 9
            bob      | milk    | 9
            """,
    )
    expect(
        shop.homepage(engine, "ann", min_support=3),
        """
        product | shelf
        --------|----------
        saffron | due_again
        milk    | fallback
        """,
    )
    expect(
        shop.homepage(engine, "bob", min_support=3),
        """
        product | shelf
        --------|----------
        milk    | due_again
        """,
    )


def test_a_budget_has_a_lower_and_an_upper_end(engine: Engine) -> None:
    """Both ends of a budget are within it; a product of unknown price passes."""
    shop = Shop(
        products="""
            product | price
            --------|------
            gum     | 0.99
            milk    | 1.00
            cheese  | 5.00
            ham     | 5.01
            herbs   |
            """,
        customers="""
            customer | budget from | budget to
            ---------|-------------|----------
            ann      | 1.00        | 5.00
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product
        -------
        milk
        cheese
        herbs
        """,
    )


def test_a_budget_does_not_take_away_what_the_customer_buys_anyway(engine: Engine) -> None:
    """A product above the budget is not offered to a customer who never bought it; an own staple stays."""
    shop = Shop(
        products="""
            product | price
            --------|------
            ham     | 9.00
            wine    | 9.00
            milk    | 1.00
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | ham     | 7
            ann      | ham     | 14
            """,
        customers="""
            customer | budget to
            ---------|----------
            ann      | 5.00
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product | shelf
        --------|----------
        ham     | due_again
        milk    | fallback
        """,
    )


def test_a_diet_must_be_covered_by_the_labels(engine: Engine) -> None:
    """All restrictions of a customer must be on the label, whatever their case; one is not enough."""
    shop = Shop(
        products="""
            product | category | labels
            --------|----------|--------------------
            tofu    | Food     | Vegan, gluten-free
            bread   | Food     | vegan
            ham     | Food     | gluten-free
            """,
        customers="""
            customer | diet
            ---------|-------------------
            ann      | vegan, Gluten-Free
            bob      | vegan
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product
        -------
        tofu
        """,
    )
    expect(
        shop.homepage(engine, "bob"),
        """
        product
        -------
        tofu
        bread
        """,
    )


def test_food_without_a_label_is_not_offered_to_a_diet(engine: Engine) -> None:
    """Where some products of a category are labelled, an unlabelled one cannot be known to be fit."""
    shop = Shop(
        products="""
            product | category | labels
            --------|----------|-------
            tofu    | Food     | vegan
            mystery | Food     |
            loose   |          |
            """,
        customers="""
            customer | diet
            ---------|------
            ann      | vegan
            bob      |
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product
        -------
        tofu
        """,
    )
    expect(
        shop.homepage(engine, "bob"),
        """
        product
        -------
        tofu
        mystery
        loose
        """,
    )


def test_a_category_without_any_label_is_no_food(engine: Engine) -> None:
    """The shop labels its food but no soap: soap is for everybody."""
    shop = Shop(
        products="""
            product | category  | labels
            --------|-----------|-------
            tofu    | Food      | vegan
            soap    | Household |
            """,
        customers="""
            customer | diet
            ---------|------
            ann      | vegan
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product
        -------
        tofu
        soap
        """,
    )


def test_without_any_label_a_diet_gets_nothing(engine: Engine) -> None:
    """A catalogue that labels nothing cannot say what is fit; omnix offers nothing rather than the wrong thing."""
    shop = Shop(
        products="""
            product | category
            --------|---------
            tofu    | Food
            soap    | Household
            """,
        customers="""
            customer | diet
            ---------|------
            ann      | vegan
            """,
    )
    expect(shop.homepage(engine, "ann"), "product")


def test_the_rules_hold_for_replenishment(engine: Engine) -> None:
    """What is due but out of stock is not on the list of what is due."""
    shop = Shop(
        products="""
            product | stock
            --------|------
            milk    | 0
            tea     | 4
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | milk    | 7
            ann      | tea     | 7
            """,
        predictions="""
            customer | product | urgency
            ---------|---------|--------
            ann      | milk    | urgent
            ann      | tea     | urgent
            """,
    )
    expect(
        shop.replenishment(engine, "ann"),
        """
        product
        -------
        tea
        """,
    )


def test_one_customers_rules_are_nobody_elses(engine: Engine) -> None:
    """Ann's budget and diet do not change Bob's list."""
    shop = Shop(
        products="""
            product | category | price | labels
            --------|----------|-------|-------
            ham     | Food     | 9.00  |
            tofu    | Food     | 2.00  | vegan
            """,
        customers="""
            customer | budget to | diet
            ---------|-----------|------
            ann      | 5.00      | vegan
            bob      |           |
            """,
    )
    expect(
        shop.homepage(engine, "bob"),
        """
        product
        -------
        ham
        tofu
        """,
    )


def test_a_withdrawn_product_is_not_offered(engine: Engine) -> None:
    """What is gone from a complete catalogue is offered to nobody, also not to those who buy it."""
    shop = Shop(
        products="""
            product | withdrawn
            --------|----------
            milk    | yes
            tea     |
            """,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | milk    | 3
            """,
    )
    expect(
        shop.homepage(engine, "ann"),
        """
        product
        -------
        tea
        """,
    )
