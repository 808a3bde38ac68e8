"""Customers that are none, and customers that outweigh all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from omnix_cli.records import Finding
from omnix_cli.steps.advice.tallies import Tally
from omnix_cli.steps.name_patterns import matches

_PLACEHOLDER = (
    r"(?i)^(0+|9{3,}|-+|-1|\?+|x+|guest|gast|invit[eé]|anonym(ous|us|e|er)?|unknown|unbekannt|cash|walk.?in|"
    r"no.?name|none|null|n/?a|default|kasse|pos|other|test)$"
)
_PLACEHOLDER_SHARE = 0.02
_GIANT_SHARE = 0.05
_GIANT_TIMES = 20
_FEW_CUSTOMERS = 20
_LEAST_CUSTOMERS = 10
_HEAVY_PAIRS, _HEAVY_TIMES = 0.5, 2.5
"""A few customers are told when they make half of the links, and so many times their share of the customers."""


def customer_findings(tally: Tally, excluded: Sequence[str]) -> Iterator[Finding]:
    """Tells of a cash register that is counted as a customer, and of the few customers that make most links; of none
    that is `excluded` from what others see, but of an exclusion that no customer has."""
    customers = tally.customers
    for pattern in excluded:
        if customers.filter(matches(pl.col("customer_id"), [pattern])).is_empty():
            text = f"no customer is called `{pattern}`, whom the settings exclude"
            yield Finding("unknown_customer", 1, text, "Correct recommend.excluded_customers.")
    customers = customers.filter(~matches(pl.col("customer_id"), excluded))
    total = int(customers["lines"].sum())
    if not total:
        return
    share = pl.col("lines") / total
    fair = 1 / customers.height
    named = pl.col("customer_id").str.contains(_PLACEHOLDER) & (share > max(_PLACEHOLDER_SHARE, 2 * fair))
    giant = (share > max(_GIANT_SHARE, _GIANT_TIMES * fair)) & (customers.height >= _FEW_CUSTOMERS)
    registers = customers.filter(named | giant).sort("lines", descending=True)
    for customer, lines in registers.head(3).select("customer_id", "lines").iter_rows():
        text = f"customer `{customer}` has {lines / total:.0%} of all lines ({lines:,}): a cash register or guests?"
        hint = (
            f'If so, leave it out: `set_aside = [{{column = "...", values = ["{customer}"], reason = "no customer"}}]` '
            "in the mapping, then import the files again."
        )
        yield Finding("cash_register", lines, text, hint)
    rest = customers.join(registers, on="customer_id", how="anti")
    yield from _links(rest)


def _links(customers: pl.DataFrame) -> Iterator[Finding]:
    if customers.height < _LEAST_CUSTOMERS:
        return
    products = pl.col("products").cast(pl.Float64)
    pairs = customers.select("customer_id", pairs=products * (products - 1) / 2).sort(
        "pairs", "customer_id", descending=[True, False]
    )
    total = pairs["pairs"].sum()
    few = max(3, customers.height // 200)
    share = pairs["pairs"].head(few).cum_sum() / total if total else pl.Series([0.0])
    if share[-1] <= max(_HEAVY_PAIRS, _HEAVY_TIMES * few / customers.height):
        return
    names = ", ".join(pairs["customer_id"].head(3))
    text = f"{few:,} customers make {share[-1]:.0%} of the links between products ({names})"
    hint = "Staff or resellers? Name them in `recommend.excluded_customers`, so that they do not count for others."
    yield Finding("few_make_the_links", few, text, hint)
