"""Which purchase lines count on the day of the run, 2024-06-01."""

from __future__ import annotations

from omnix_cli.protocols.steps import Engine
from tests.spec.shop import expect, history


def test_purchases_of_earlier_days_count(engine: Engine) -> None:
    """What was bought before the day of the run counts; that day and later days do not."""
    kept = history(
        engine,
        """
        customer | product | day
        ---------|---------|-----------
        ann      | milk    | 2024-05-30
        ann      | milk    | 2024-05-31
        ann      | milk    | 2024-06-01
        bob      | tea     | 2024-06-02
        """,
    )
    expect(
        kept,
        """
        customer | product | day
        ---------|---------|-----------
        ann      | milk    | 2024-05-30
        ann      | milk    | 2024-05-31
        """,
    )


def test_a_cancelled_line_never_happened(engine: Engine) -> None:
    """A line marked as cancelled does not count, whatever else the customer bought."""
    kept = history(
        engine,
        """
        customer | product | day        | kind
        ---------|---------|------------|----------
        ann      | milk    | 2024-05-01 | cancelled
        ann      | tea     | 2024-05-01 | purchase
        """,
    )
    expect(
        kept,
        """
        product
        -------
        tea
        """,
    )


def test_a_return_of_everything_removes_the_purchase(engine: Engine) -> None:
    """A product that came back whole was not bought."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | kind
        ---------|---------|------------|----------|---------
        ann      | coat    | 2024-05-01 | 1        | purchase
        ann      | coat    | 2024-05-09 | 1        | return
        """,
    )
    expect(kept, "product")


def test_a_return_of_a_part_leaves_the_rest(engine: Engine) -> None:
    """Of five bought for 10.00, two came back: three for 6.00 are left."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | total | kind
        ---------|---------|------------|----------|-------|---------
        ann      | plates  | 2024-05-01 | 5        | 10.00 | purchase
        ann      | plates  | 2024-05-09 | 2        | 4.00  | return
        """,
    )
    expect(
        kept,
        """
        product | day        | quantity | total | kind
        --------|------------|----------|-------|---------
        plates  | 2024-05-01 | 3        | 6     | purchase
        """,
    )


def test_a_return_takes_from_the_latest_purchase_first(engine: Engine) -> None:
    """A return of three comes off the latest line (two), then off the one before it (one)."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | kind
        ---------|---------|------------|----------|---------
        ann      | plates  | 2024-05-01 | 4        | purchase
        ann      | plates  | 2024-05-03 | 4        | purchase
        ann      | plates  | 2024-05-05 | 2        | purchase
        ann      | plates  | 2024-05-09 | 3        | return
        """,
    )
    expect(
        kept,
        """
        day        | quantity
        -----------|---------
        2024-05-01 | 4
        2024-05-03 | 3
        """,
    )


def test_a_return_never_touches_a_later_purchase(engine: Engine) -> None:
    """What is bought again after a return counts in full."""
    kept = history(
        engine,
        """
        customer | product | day        | kind
        ---------|---------|------------|---------
        ann      | coat    | 2024-05-01 | purchase
        ann      | coat    | 2024-05-03 | return
        ann      | coat    | 2024-05-05 | purchase
        """,
    )
    expect(
        kept,
        """
        day
        ----------
        2024-05-05
        """,
    )


def test_a_return_without_a_purchase_changes_nothing(engine: Engine) -> None:
    """A return of something bought before the history began is ignored; no line becomes negative."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | kind
        ---------|---------|------------|----------|---------
        ann      | coat    | 2024-05-03 | 9        | return
        ann      | coat    | 2024-05-05 | 1        | purchase
        """,
    )
    expect(
        kept,
        """
        day        | quantity
        -----------|---------
        2024-05-05 | 1
        """,
    )


def test_a_return_belongs_to_its_customer_and_product(engine: Engine) -> None:
    """Bob's return leaves Ann's purchase alone, and a returned coat leaves the hat."""
    kept = history(
        engine,
        """
        customer | product | day        | kind
        ---------|---------|------------|---------
        ann      | coat    | 2024-05-01 | purchase
        bob      | coat    | 2024-05-01 | purchase
        bob      | hat     | 2024-05-01 | purchase
        bob      | coat    | 2024-05-03 | return
        """,
    )
    expect(
        kept,
        """
        customer | product
        ---------|--------
        ann      | coat
        bob      | hat
        """,
    )


def test_a_return_on_the_day_of_the_run_is_not_known_yet(engine: Engine) -> None:
    """The run sees neither purchases nor returns of its own day."""
    kept = history(
        engine,
        """
        customer | product | day        | kind
        ---------|---------|------------|---------
        ann      | coat    | 2024-05-01 | purchase
        ann      | coat    | 2024-06-01 | return
        """,
    )
    expect(
        kept,
        """
        product
        -------
        coat
        """,
    )


def test_a_cancelled_return_did_not_happen(engine: Engine) -> None:
    """A cancelled line takes nothing back."""
    kept = history(
        engine,
        """
        customer | product | day        | kind
        ---------|---------|------------|----------
        ann      | coat    | 2024-05-01 | purchase
        ann      | coat    | 2024-05-03 | cancelled
        """,
    )
    expect(
        kept,
        """
        product | day
        --------|-----------
        coat    | 2024-05-01
        """,
    )


def test_a_return_at_the_minute_of_the_purchase_comes_after_it(engine: Engine) -> None:
    """A till that books both at the same time means: bought, then brought back."""
    kept = history(
        engine,
        """
        customer | product | day        | time  | kind
        ---------|---------|------------|-------|---------
        ann      | coat    | 2024-05-01 | 10:00 | return
        ann      | coat    | 2024-05-01 | 10:00 | purchase
        """,
    )
    expect(kept, "product")


def test_a_line_without_a_price_stays_without_a_price(engine: Engine) -> None:
    """A part of an unknown amount is unknown, not zero."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | total | kind
        ---------|---------|------------|----------|-------|---------
        ann      | plates  | 2024-05-01 | 4        |       | purchase
        ann      | plates  | 2024-05-09 | 1        |       | return
        """,
    )
    expect(
        kept,
        """
        quantity | total
        ---------|------
        3        |
        """,
    )


def test_parts_of_a_weighed_purchase_can_be_returned(engine: Engine) -> None:
    """0.3 kg less 0.1 kg and 0.2 kg is nothing, 0.35 kg less 0.1 kg is 0.25 kg."""
    kept = history(
        engine,
        """
        customer | product | day        | quantity | kind
        ---------|---------|------------|----------|---------
        ann      | ham     | 2024-05-01 | 0.3      | purchase
        ann      | ham     | 2024-05-02 | 0.1      | return
        ann      | ham     | 2024-05-03 | 0.2      | return
        bob      | ham     | 2024-05-01 | 0.35     | purchase
        bob      | ham     | 2024-05-02 | 0.1      | return
        """,
    )
    expect(
        kept,
        """
        customer | product | day        | quantity
        ---------|---------|------------|---------
        bob      | ham     | 2024-05-01 | 0.25
        """,
    )
