"""What an import makes of a line in the shop's own file: purchases, returns, cancellations, prices."""

from __future__ import annotations

from tests.spec.shop import expect, imported

RETURNS = {"returns": {"negative_quantity": True}}
CREDIT_NOTES = {"returns": {"order_id_prefix": "C"}}


def test_a_plain_line_is_a_purchase() -> None:
    """Without any rule a line is a purchase, and quantity times price is what was paid."""
    expect(
        imported(
            """
            quantity | unit_price
            ---------|-----------
            3        | 1.50
            """
        ),
        """
        kind     | quantity | unit_price | total_price
        ---------|----------|------------|------------
        purchase | 3        | 1.5        | 4.5
        """,
    )


def test_the_unit_price_follows_from_the_total() -> None:
    """Of the two prices a file needs only one; without both they stay unknown."""
    expect(
        imported(
            """
            quantity | unit_price | total_price
            ---------|------------|------------
            4        |            | 10.00
            4        | 2.00       |
            4        |            |
            """
        ),
        """
        unit_price | total_price
        -----------|------------
        2.5        | 10
        2          | 8
                   |
        """,
    )


def test_prices_that_disagree_stay_as_written() -> None:
    """A discount may lie between price and total, so neither is corrected."""
    expect(
        imported(
            """
            quantity | unit_price | total_price
            ---------|------------|------------
            2        | 5.00       | 9.00
            """
        ),
        """
        unit_price | total_price
        -----------|------------
        5          | 9
        """,
    )


def test_a_negative_quantity_is_a_return_where_the_mapping_says_so() -> None:
    """A returned line keeps quantity and prices without their sign."""
    expect(
        imported(
            """
            quantity | unit_price | total_price
            ---------|------------|------------
            -2       | 1.50       | -3.00
            1        | 1.50       | 1.50
            """,
            **RETURNS,
        ),
        """
        kind     | quantity | unit_price | total_price
        ---------|----------|------------|------------
        return   | 2        | 1.5        | 3
        purchase | 1        | 1.5        | 1.5
        """,
    )


def test_a_negative_quantity_without_such_a_rule_is_rejected() -> None:
    """omnix does not guess that a negative quantity means a return."""
    expect(
        imported(
            """
            quantity
            --------
            -2
            """
        ),
        """
        kind | quantity | reason
        -----|----------|----------
             |          | negative: for returns, set `returns = { negative_quantity = true }`
        """,
    )


def test_an_order_number_can_mark_a_credit_note() -> None:
    """Orders whose number begins with C are returns."""
    expect(
        imported(
            """
            order_id | quantity
            ---------|---------
            C17      | 2
            17       | 2
                     | 2
            """,
            **CREDIT_NOTES,
        ),
        """
        order_id | kind
        ---------|---------
        C17      | return
        17       | purchase
                 | purchase
        """,
    )


def test_a_file_can_name_the_kind_itself() -> None:
    """A column `kind` decides line by line; an empty cell is a purchase."""
    expect(
        imported(
            """
            kind     | quantity
            ---------|---------
            return   | 1
            purchase | 1
                     | 1
            """
        ),
        """
        kind
        --------
        return
        purchase
        purchase
        """,
    )


def test_a_status_can_cancel_a_line() -> None:
    """The mapping says which values of a column cancel a line; upper and lower case are the same."""
    expect(
        imported(
            """
            purchase_id | status    | quantity
            ------------|-----------|---------
            1           | CANCELLED | 1
            2           | void      | 1
            3           | paid      | 1
            4           |           | 1
            """,
            cancelled={"status": ["cancelled", "void"]},
        ),
        """
        purchase_id | kind
        ------------|----------
        1           | cancelled
        2           | cancelled
        3           | purchase
        4           | purchase
        """,
    )


def test_a_cancelled_return_is_cancelled() -> None:
    """Of two rules that both apply to a line, the cancellation wins."""
    expect(
        imported(
            """
            purchase_id | status | quantity
            ------------|--------|---------
            1           | void   | -1
            """,
            cancelled={"status": ["void"]},
            **RETURNS,
        ),
        """
        kind      | quantity
        ----------|---------
        cancelled | 1
        """,
    )


def test_a_cancelled_line_may_have_quantity_zero() -> None:
    """Amazon writes 0 when a line is cancelled before it ships. A line that stands must have a quantity."""
    expect(
        imported(
            """
            customer_id | status    | quantity
            ------------|-----------|---------
            C1          | Cancelled | 0
            C2          | Cancelled | 2
            C3          | Shipped   | 0
            """,
            cancelled={"status": ["cancelled"]},
        ),
        """
        customer_id | kind      | quantity | reason
        ------------|-----------|----------|----------
                    |           |          | too small
        C1          | cancelled | 1        |
        C2          | cancelled | 2        |
        """,
    )


def test_a_quantity_of_zero_is_rejected_unless_it_counts_as_one() -> None:
    """Some tills write 0 for goods sold by weight; the mapping may count such a line as one."""
    line = """
        quantity
        --------
        0
        """
    expect(
        imported(line),
        """
        quantity | reason
        ---------|----------
                 | too small
        """,
    )
    expect(
        imported(line, zero_quantity="one"),
        """
        quantity | reason
        ---------|-------
        1        |
        """,
    )


def test_a_line_without_a_quantity_is_rejected() -> None:
    """An absent quantity is not one."""
    expect(
        imported(
            """
            quantity
            --------
            |
            """.replace("|", "N/A")
        ),
        """
        quantity | reason
        ---------|--------
                 | missing
        """,
    )


def test_a_discount_means_a_promotion() -> None:
    """A line with an amount other than 0 in a discount column was bought in a promotion."""
    expect(
        imported(
            """
            quantity | coupon | member
            ---------|--------|-------
            1        | 0      | 0
            1        | -0.50  | 0
            1        |        | 0.20
            """,
            discounts=["coupon", "member"],
        ),
        """
        promotion_used
        --------------
        no
        yes
        yes
        """,
    )
