"""Everything that is noticed about the current rows of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import polars as pl

from omnix_cli.records import Finding
from omnix_cli.settings import NO_RULES, ProductRules
from omnix_cli.steps.advice.exclusions import exclusion_findings
from omnix_cli.steps.advice.heavy_customers import customer_findings
from omnix_cli.steps.advice.matching import case_variants, unmatched
from omnix_cli.steps.advice.odd_orders import order_findings
from omnix_cli.steps.advice.odd_products import product_findings, returns_without_sale
from omnix_cli.steps.advice.stray_days import day_findings
from omnix_cli.steps.advice.tallies import tally
from omnix_cli.steps.imports.amounts.currencies import listed, several

VERSION = "2"
"""Raise it when a change finds something else in the same rows."""

ERRORS = ("unreachable_exclusion",)
"""The findings that stop a run: its lists would break a rule of the settings."""


def findings(
    frames: Mapping[str, pl.LazyFrame],
    *,
    exclusions: Mapping[str, Sequence[str]] | None = None,
    excluded_customers: Sequence[str] = (),
    rules: ProductRules = NO_RULES,
    currencies: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What is noticed about the frames `purchases`, `products`, `customers` and `interactions`, errors first.
    `exclusions` are the patterns of excluded products (see `RecommendSettings.exclusions`), `currencies` the imported
    purchases by the currency of their amounts."""
    counted = tally(frames["purchases"])
    products = frames["products"].select("product_id", "name", "category", "brand", "tags").collect()
    profiles = frames["customers"].select("customer_id").collect()["customer_id"]
    bought = counted.products.select("lines", id="product_id")
    shoppers = counted.customers.select("lines", id="customer_id")
    return list(
        chain(
            exclusion_findings(bought["id"], products, exclusions or {}),
            unmatched(
                bought,
                products["product_id"],
                code="not_in_catalogue",
                what="bought products",
                where="in the catalogue",
            ),
            _strangers(shoppers, profiles),
            _seen(frames["interactions"], bought, shoppers, products["product_id"]),
            case_variants(pl.concat([bought["id"], products["product_id"]]), code="product_case", what="product ids"),
            case_variants(pl.concat([shoppers["id"], profiles]), code="customer_case", what="customer ids"),
            order_findings(counted),
            customer_findings(counted, excluded_customers),
            day_findings(counted),
            product_findings(counted, products, rules),
            _currencies(currencies or {}),
            returns_without_sale(counted),
        )
    )


def _currencies(rows: Mapping[str, int]) -> Iterator[Finding]:
    found = several(rows)
    if found:
        most = next(iter(found))
        text = f"the purchases are in several currencies: {listed(rows)}; their amounts are not converted"
        hint = f'To keep one, set `currency = "{most}"` in the mapping and import the files again.'
        yield Finding("several_currencies", sum(found.values()) - found[most], text, hint)


def _strangers(shoppers: pl.DataFrame, profiles: pl.Series) -> Iterator[Finding]:
    """Profiles are often kept for some customers only, so it is told only when none of them shops."""
    if not shoppers["id"].is_in(profiles.implode()).any():
        yield from unmatched(
            shoppers, profiles, code="no_profiles", what="customers who bought", where="in the profiles"
        )


def _seen(
    interactions: pl.LazyFrame, bought: pl.DataFrame, shoppers: pl.DataFrame, catalogue: pl.Series
) -> Iterator[Finding]:
    """Visitors need not buy, so it is told only when none of the ids meets."""
    known = {"product_id": pl.concat([bought["id"], catalogue]), "customer_id": shoppers["id"]}
    for column, ids in known.items():
        used = interactions.group_by(id=column).agg(pl.len().alias("lines")).sort("id").collect(engine="streaming")
        if used.height and not used["id"].is_in(ids.implode()).any():
            what = f"{column.removesuffix('_id')}s of interactions"
            yield from unmatched(used, ids, code=f"interaction_{column}", what=what, where="known from purchases")
