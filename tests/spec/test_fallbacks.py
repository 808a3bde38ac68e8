"""How a list that is too short is filled: favourites, preferred brands, trends, the season, the popular."""

from __future__ import annotations

from dataclasses import replace

from omnix_cli.protocols.steps import Engine
from tests.spec.shop import Shop, expect

NEW = Shop(
    products="""
        product | category  | brand
        --------|-----------|------
        milk    | Dairy     | Farm
        cream   | Dairy     | Farm
        soap    | Household | Sun
        rice    | Food      | Sun
        salt    | Food      |
        """,
    customers="""
        customer
        --------
        new
        """,
)


def test_a_customer_without_a_history_gets_what_is_popular(engine: Engine) -> None:
    """A list is never empty while the shop has something to offer: the most popular products, in their order."""
    expect(
        NEW.homepage(engine, "new", count=3),
        """
        rank | product | shelf    | reason  | tags
        -----|---------|----------|---------|--------
        1    | milk    | fallback | popular | popular
        2    | cream   | fallback | popular | popular
        3    | soap    | fallback | popular | popular
        """,
    )


def test_the_favourites_come_first(engine: Engine) -> None:
    """The popular products of the profile's favourite categories are the first fallback."""
    fond = replace(
        NEW,
        customers="""
            customer | favourites
            ---------|----------------
            new      | Household, Food
            """,
    )
    expect(
        fond.homepage(engine, "new", count=4),
        """
        product | reason                                        | tags
        --------|-----------------------------------------------|-------------------
        soap    | in your favourite category Household, popular | favourite_category
        rice    | in your favourite category Food, popular      | favourite_category
        salt    | in your favourite category Food, popular      | favourite_category
        milk    | popular                                       | popular
        """,
    )


def test_preferred_brands_come_second(engine: Engine) -> None:
    """After the favourite categories come the preferred brands."""
    fond = replace(
        NEW,
        customers="""
            customer | favourites | brands
            ---------|------------|-------
            new      | Household  | Sun
            """,
    )
    expect(
        fond.homepage(engine, "new", count=3),
        """
        product | tags
        --------|-------------------
        soap    | favourite_category
        rice    | preferred_brand
        milk    | popular
        """,
    )


def test_trends_and_the_season_come_before_the_popular(engine: Engine) -> None:
    """What rises and what is in season now take turns by their rank, a trend first."""
    current = replace(
        NEW,
        trends="""
            product
            -------
            salt
            soap
            """,
        season="""
            product
            -------
            rice
            """,
    )
    expect(
        current.homepage(engine, "new", count=4),
        """
        product | reason    | tags
        --------|-----------|---------
        salt    | rising    | trending
        rice    | in season | seasonal
        soap    | rising    | trending
        milk    | popular   | popular
        """,
    )


def test_the_season_is_that_of_the_shop(engine: Engine) -> None:
    """On the first of June it is summer in the north and winter in the south."""
    summer = replace(
        NEW,
        season="""
            product
            -------
            rice
            """,
    )
    expect(
        summer.homepage(engine, "new", count=1, hemisphere="northern"),
        """
        product
        -------
        rice
        """,
    )
    expect(
        summer.homepage(engine, "new", count=1, hemisphere="southern"),
        """
        product
        -------
        milk
        """,
    )


def test_a_product_is_listed_once(engine: Engine) -> None:
    """What an earlier fallback, or a shelf, already listed is skipped by the later ones."""
    known = replace(
        NEW,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            new      | milk    | 3
            """,
        trends="""
            product
            -------
            cream
            """,
    )
    expect(
        known.homepage(engine, "new", count=3),
        """
        product | shelf     | tags
        --------|-----------|---------
        milk    | due_again | later
        cream   | fallback  | trending
        soap    | fallback  | popular
        """,
    )


def test_a_list_is_as_long_as_the_shop_allows(engine: Engine) -> None:
    """Where fewer products may be offered than the list has places, the list is shorter."""
    expect(
        NEW.homepage(engine, "new", count=10, excluded_categories=("Food", "Dairy")),
        """
        product
        -------
        soap
        """,
    )


def test_somebody_who_only_looked_around_is_a_customer_too(engine: Engine) -> None:
    """A visitor without purchases and profile gets a list, led by what they looked at."""
    visited = replace(
        NEW,
        signals="""
            customer | product | signal | days ago
            ---------|---------|--------|---------
            visitor  | salt    | view   | 2
            """,
    )
    expect(
        visited.homepage(engine, "visitor", count=2),
        """
        product | shelf       | reason
        --------|-------------|-----------------------------------
        salt    | new_for_you | you looked at this on 30 May 2024
        milk    | fallback    | popular
        """,
    )


def test_without_consent_nothing_personal_is_used(engine: Engine) -> None:
    """A customer who did not consent gets the popular products: no history, no profile, no trends, nothing due."""
    silent = Shop(
        products=NEW.products,
        purchases="""
            customer | product | days ago
            ---------|---------|---------
            ann      | rice    | 3
            """,
        predictions="""
            customer | product | urgency
            ---------|---------|--------
            ann      | rice    | urgent
            """,
        customers="""
            customer | favourites | consent
            ---------|------------|--------
            ann      | Household  | no
            """,
        trends="""
            product
            -------
            salt
            """,
    )
    expect(
        silent.homepage(engine, "ann", count=2),
        """
        product | shelf    | tags
        --------|----------|--------
        milk    | fallback | popular
        cream   | fallback | popular
        """,
    )
    expect(silent.replenishment(engine, "ann"), "product")


def test_an_open_consent_is_what_the_settings_say(engine: Engine) -> None:
    """Where the profile does not mention consent, the setting `privacy.consent_personalisation` decides."""
    fond = replace(
        NEW,
        customers="""
            customer | favourites | consent
            ---------|------------|--------
            ann      | Household  |
            bob      | Household  | yes
            """,
    )
    expect(
        fond.homepage(engine, "ann", count=1, consent=True),
        """
        product
        -------
        soap
        """,
    )
    expect(
        fond.homepage(engine, "ann", count=1, consent=False),
        """
        product
        -------
        milk
        """,
    )
    expect(
        fond.homepage(engine, "bob", count=1, consent=False),
        """
        product
        -------
        soap
        """,
    )
