"""The stored frames of what is offered and of what the whole shop buys. See `schemas` for all the others, and for the
conventions that hold for all of them."""

from __future__ import annotations

import dataframely as dy

EXCLUDED = tuple(f"excluded_{kind}" for kind in ("product", "name", "tag", "brand", "category"))
NEVER_NAMED = (*EXCLUDED, "not_a_product")
"""Blocked for what they are: neither offered, nor named in a reason, nor with a list of similar products."""
BLOCKS = (*NEVER_NAMED, "free", "not_in_catalogue", "withdrawn", "out_of_stock")
"""Why a product is in no list at all; the first that holds counts."""
RULES = (*BLOCKS, "returned", "dormant", "min_support", "budget", "dietary")
"""Why a customer is not offered a product; the first that holds counts."""
POPULARITY_KINDS = ("trending", "seasonal", "popular")


class Popularity(dy.Schema):
    """The products that the whole shop buys, as ranked lists, best first. `scope` is a season in seasonal lists, else
    `all`.

    `customers` counts the distinct customers of a row: within the recent window (trending), in that season (seasonal;
    a customer of two years counts twice) or over the whole history (popular). `customers_before` and
    `interested_before` are those of the window before, `interested` those who viewed, saved or wished without buying;
    figures below the privacy floor are null. `season_index` is the product's share of the season over the
    shop's share, `season_days` the days of that season in the history. `repeat_share` is the share of the product's
    purchases made by somebody who had bought it before. `confidence` is the chance that a customer who shops now
    buys the product within 14 days."""

    kind = dy.Enum(POPULARITY_KINDS, primary_key=True)
    scope = dy.String(primary_key=True)
    rank = dy.Int32(min=1)
    product_id = dy.String(primary_key=True)
    score = dy.Float64(min=0, max=1)
    customers = dy.Int32(min=1)
    customers_before = dy.Int32(nullable=True, min=0)
    interested = dy.Int32(nullable=True, min=0)
    interested_before = dy.Int32(nullable=True, min=0)
    season_index = dy.Float64(nullable=True, min=0)
    season_days = dy.Int32(nullable=True, min=0)
    repeat_share = dy.Float64(nullable=True, min=0, max=1)
    confidence = dy.Float64(min=0, max=1)
    reason = dy.String()


class Assortment(dy.Schema):
    """What the shop offers: one row per product of the catalogue or of the history. `blocked` says why a product is in
    no list at all, null if it may be in some; a `never_named` one is in no reason either. A `dormant` product was sold,
    but not lately. `dietary` is null where nobody knows which diets the product fits, `not_food` where diets do not
    matter. Products with one `name_group` have near-identical names."""

    product_id = dy.String(primary_key=True)
    name = dy.String(nullable=True)
    category = dy.String(nullable=True)
    brand = dy.String(nullable=True)
    price = dy.Decimal(precision=18, scale=2, nullable=True, min=0)
    dietary = dy.List(dy.String(), nullable=True)
    not_food = dy.Bool()
    last_day = dy.Date(nullable=True)
    dormant = dy.Bool()
    name_group = dy.String(nullable=True)
    blocked = dy.Enum(BLOCKS, nullable=True)
    never_named = dy.Bool()


class Returned(dy.Schema):
    """The customers and products that were bought and returned in full: neither new nor due."""

    customer_id = dy.String(primary_key=True)
    product_id = dy.String(primary_key=True)


class Unlisted(dy.Schema):
    """The customers without a homepage list, and the rule that removed most of what could have been offered; null if
    there was nothing to offer."""

    customer_id = dy.String(primary_key=True)
    rule = dy.Enum(RULES, nullable=True)
