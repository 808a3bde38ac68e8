"""Exclusions of the settings that keep nothing out of the lists, or may not keep out what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding
from omnix_cli.steps.advice.matching import alike
from omnix_cli.steps.name_patterns import matches

_ALIKE = 0.8
"""From this ratio on, two texts are spellings of one."""
_PLURALS = {"name": "names", "tag": "tags", "brand": "brands", "category": "categories"}
"""The kinds of exclusions that need a catalogue."""
_COLUMNS = {"name": "name", "tag": "tags", "brand": "brand", "category": "category"}


def exclusion_findings(
    bought: pl.Series, products: pl.DataFrame, exclusions: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """Tells of exclusions (patterns by `product`, `name`, `tag`, `brand`, `category`) that cannot keep their products
    out of the lists: there is no catalogue, its ids are not those of the purchases, or it has almost the same text but
    not this one. That is an error; a pattern that nothing comes near is told. `products` has product_id, name,
    category, brand and tags."""
    if bought.is_empty():
        return
    described = {kind: exclusions[kind] for kind in _PLURALS if exclusions.get(kind)}
    if described:
        unreachable = next(_unreachable(bought, products, described), None)
        if unreachable:
            yield unreachable
            return
    for kind, patterns in described.items():
        values = products[_COLUMNS[kind]].explode() if kind == "tag" else products[_COLUMNS[kind]]
        yield from _unmet(kind, patterns, values.drop_nulls())
    ids = pl.concat([bought, products["product_id"]]).unique(maintain_order=True)
    yield from _unmet_ids(exclusions.get("product", ()), ids)
    if described:
        yield from _other_spellings(bought, products, described)


def _unreachable(
    bought: pl.Series, products: pl.DataFrame, described: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    kind, patterns = next(iter(described.items()))
    said = f"the {_PLURALS[kind]} {', '.join(patterns)} are excluded"
    if products.is_empty():
        text = f"{said}, but there is no catalogue that says which products are in them"
        yield Finding("unreachable_exclusion", bought.len(), text, f"Import the products with their {_PLURALS[kind]}.")
    elif not products["product_id"].is_in(bought.implode()).any():
        text = f"{said}, but 0 of {bought.len():,} bought products are in the catalogue"
        near = alike(pl.DataFrame({"id": bought}), products["product_id"])
        hint = f"{near[0][1]}; it would join {near[0][2].height:,}." if near else "Use the same ids in both files."
        yield Finding("unreachable_exclusion", bought.len(), text, hint)


def _unmet(kind: str, patterns: Sequence[str], values: pl.Series) -> Iterator[Finding]:
    """Patterns that no text of the catalogue matches: an error if one looks nearly so."""
    known = values.str.to_lowercase().value_counts().rename({values.name: "text"}).sort("text")
    absent = [one.lower() for one in patterns if known.filter(matches(pl.col("text"), [one])).is_empty()]
    for name in absent:
        near = difflib.get_close_matches(name, known["text"].to_list(), n=1, cutoff=_ALIKE)
        if near:
            count = int(known.filter(text=near[0])["count"].item())
            text = f"the {kind} `{name}` is excluded, but the catalogue has no such {kind}"
            setting = f"recommend.excluded_{_PLURALS[kind]}"
            hint = f"Did you mean `{near[0]}` ({counted(count, 'product')})? Correct {setting}."
            yield Finding("unreachable_exclusion", count, text, hint)
            return
    if absent:
        text = f"the catalogue has no {kind} {', '.join(f'`{name}`' for name in absent)}, which the settings exclude"
        hint = f"If products should be excluded, use the {kind} as the catalogue has it."
        yield Finding(f"unknown_{kind}", len(absent), text, hint)


def _unmet_ids(patterns: Sequence[str], ids: pl.Series) -> Iterator[Finding]:
    absent = [one for one in patterns if not ids.to_frame("id").filter(matches(pl.col("id"), [one])).height]
    if not absent:
        return
    near = alike(pl.DataFrame({"id": absent}), ids)
    if near:
        one, other = near[0][2].row(0)
        text = f"the product `{one}` is excluded, but there is only `{other}`"
        yield Finding("unreachable_exclusion", len(absent), text, "Correct recommend.excluded_products.")
        return
    text = f"there is no product {', '.join(f'`{one}`' for one in absent)}, which the settings exclude"
    yield Finding("unknown_product", len(absent), text, "If it should be excluded, use its id in the purchases.")


def _other_spellings(
    bought: pl.Series, products: pl.DataFrame, described: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """Bought products whose ids differ from an excluded one in their spelling only."""
    kind, patterns = next(iter(described.items()))
    tagged = pl.col("tags").list.eval(matches(pl.element(), described.get("tag", ()))).list.any().fill_null(False)
    columns = (name for name in described if name != "tag")
    excluded = pl.any_horizontal(tagged, *(matches(pl.col(name), described[name]) for name in columns))
    inside = products.filter(excluded)["product_id"]
    for what, remedy, joined in alike(pl.DataFrame({"id": bought}), products["product_id"]):
        kept = joined.filter(pl.col("other").is_in(inside.implode()))
        if kept.height:
            one, differ = kept.row(0, named=True), "bought products differ"
            text = (
                f"the {_PLURALS[kind]} {', '.join(patterns)} are excluded, but "
                f"{counted(kept.height, 'bought product differs', differ)} "
                f"from an excluded one in {what} only, such as `{one['id']}` and `{one['other']}`"
            )
            yield Finding("unreachable_exclusion", kept.height, text, f"{remedy}.")
            return
