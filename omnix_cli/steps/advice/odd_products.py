"""Products that are none, and amounts far from the others of the file."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding
from omnix_cli.settings import ProductRules
from omnix_cli.steps.advice.tallies import Tally
from omnix_cli.steps.lists.assortment import is_no_product

_SAMPLES = (
    "Free samples? They are not recommended (recommend.offer_free). Leave them out of all figures with `set_aside` in "
    "the mapping."
)
_TIMES_USUAL = 50
_LEAST_QUANTITY = 1000
_TIMES_OWN_PRICE = 50


def product_findings(tally: Tally, products: pl.DataFrame, rules: ProductRules) -> Iterator[Finding]:
    """Tells of codes and names that are no products by the `rules`, products that cost nothing, and absurd quantities
    and prices. `products` has product_id and name."""
    sold = tally.products.join(products.select("product_id", "name"), on="product_id", how="left")
    if sold.is_empty():
        return
    yield from _no_products(sold, rules)
    yield from _free(sold)
    yield from _amounts(tally)


def returns_without_sale(tally: Tally) -> Iterator[Finding]:
    """Tells of units returned beyond those bought."""
    over = tally.returns.filter(pl.col("returned") > pl.col("bought"))
    if over.is_empty():
        return
    lines, one = int(over["lines"].sum()), over.row(0, named=True)
    take = counted(lines, "return line takes", "return lines take")
    text = (
        f"{take} back more than was bought ({counted(over.height, 'customer and product', 'customers and products')}, "
        f"such as {one['product_id']} of {one['customer_id']}: {one['bought']:g} bought, {one['returned']:g} returned)"
    )
    hint = "The sales may be older than the history, or under another id. Such returns change nothing."
    yield Finding("returns_without_sale", lines, text, hint)


def _no_products(sold: pl.DataFrame, rules: ProductRules) -> Iterator[Finding]:
    found = sold.filter(is_no_product(sold, rules)).sort("lines", "product_id", descending=[True, False])
    if found.is_empty() or found.height > sold.height / 2:
        return
    lines, codes = int(found["lines"].sum()), found["product_id"].head(10).to_list()
    listed = ", ".join(f'"{one}"' for one in codes)
    look = counted(found.height, "product id looks", "product ids look")
    text = f"{look} like postage, fees, discounts or tests: {listed} ({counted(lines, 'line')})"
    rule = f'{{column = "...", values = [{listed}], reason = "no product"}}'
    hint = (
        f"They are not recommended. Leave them out of all figures with `set_aside = [{rule}]` in the mapping. If one "
        "is a product, use rules of your own (recommend.not_products)."
    )
    yield Finding("no_products", lines, text, hint)


def _free(sold: pl.DataFrame) -> Iterator[Finding]:
    nothing = pl.col("highest") == 0, pl.col("highest_total").fill_null(0) == 0
    free = sold.filter(pl.col("paid") == pl.col("lines"), *nothing).sort(
        "lines", "product_id", descending=[True, False]
    )
    if free.is_empty() or free.height == sold.height:
        return
    lines = int(free["lines"].sum())
    cost = counted(free.height, "product never costs", "products never cost")
    text = f"{cost} anything, such as {free['product_id'][0]} ({counted(lines, 'line')})"
    yield Finding("free_products", lines, text, _SAMPLES)


def _amounts(tally: Tally) -> Iterator[Finding]:
    facts = tally.lines
    if facts["all"] >= 100 and facts["highest"] >= max(_LEAST_QUANTITY, _TIMES_USUAL * facts["usual"]):
        text = f"the highest quantity is {facts['highest']:,.0f}, while 99 of 100 are at most {facts['usual']:g}"
        hint = "A barcode or a total in the column of quantities? Check that line, and fix it in the export."
        yield Finding("odd_quantity", 1, text, hint)
    others = (pl.col("price") - pl.col("highest")) / (pl.col("paid") - 1)
    far = tally.products.filter(pl.col("paid") >= 10, others > 0, pl.col("highest") > _TIMES_OWN_PRICE * others)
    if far.height:
        far = _sold_once_so(far, tally)
    if far.height:
        one = far.with_columns(others=others).sort("highest", descending=True).row(0, named=True)
        text = (
            f"{counted(far.height, 'product was', 'products were')} once sold far above the other prices, such as "
            f"{one['product_id']} at "
            f"{one['highest']:,.2f} (otherwise {one['others']:,.2f})"
        )
        hint = "A total instead of a unit price, or a missing decimal point? Check those lines."
        yield Finding("odd_price", far.height, text, hint)


def _sold_once_so(products: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Those of the products that have their highest price on one line only."""
    lines = tally.sales.select("product_id", price=pl.col("unit_price").cast(pl.Float64))
    highest = products.lazy().select("product_id", "highest")
    at_highest = lines.join(highest, on="product_id").filter(pl.col("price") == pl.col("highest"))
    once = at_highest.group_by("product_id").len().filter(pl.col("len") == 1).collect(engine="streaming")
    return products.join(once, on="product_id", how="semi", maintain_order="left")
