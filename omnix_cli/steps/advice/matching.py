"""Ids of two inputs that do not meet, and ids that differ in their spelling only."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding

_FEW = 0.01
"""Below this share of the lines, unmatched ids are told only if another spelling would join some."""

_ALIKE = 0.8
"""From this ratio on, two names of categories are spellings of one."""

_ID = pl.col("id")
_BLANKS = _ID.str.replace_all(r"[\s\u00a0\u200b\ufeff_-]", "")
_WHOLE = _BLANKS.str.replace(r"\.0+$", "").str.replace(r"^0+(.)", "$1").str.to_lowercase()
_SAME = "Write the ids in the same way in both files"
_SPELLINGS: dict[str, tuple[pl.Expr, str]] = {
    "`.0` at the end": (_ID.str.replace(r"\.0+$", ""), "Set `whole_number_ids = true` in the mapping"),
    "leading zeros": (_ID.str.replace(r"^0+(.)", "$1"), "Export the ids as text, with their zeros, in both files"),
    "upper and lower case": (_ID.str.to_lowercase(), 'Set `id_case = "upper"` in both mappings'),
    "blanks and dashes": (_BLANKS, _SAME),
    "zeros, case, blanks and dashes": (_WHOLE, _SAME),
}
"""What ids may differ in: how to take the difference away, and what to do about it."""


def alike(ids: pl.DataFrame, known: pl.Series) -> list[tuple[str, str, pl.DataFrame]]:
    """For each difference of spelling, what to do about it and the ids (column `id`) that would be among the known ones
    without it, with `other`, the known one. Ids that are known as they are do not count. Most ids first."""
    unknown = ids.filter(~_ID.is_in(known.implode()))
    others = pl.DataFrame({"id": known.unique(maintain_order=True)})
    found = []
    for what, (plain, remedy) in _SPELLINGS.items():
        spelled = others.select(plain.alias("plain"), other="id").unique("plain", keep="first", maintain_order=True)
        joined = unknown.with_columns(plain=plain).join(spelled, on="plain", how="inner", maintain_order="left")
        if joined.height:
            found.append((what, remedy, joined.drop("plain")))
    return sorted(found, key=lambda one: -one[2].height)


def unmatched(used: pl.DataFrame, known: pl.Series, *, code: str, what: str, where: str) -> Iterator[Finding]:
    """Tells how many of the used ids (columns `id`, `lines`) are among the known ones, when too few are."""
    if used.is_empty() or known.is_empty():
        return
    missing = used.filter(~_ID.is_in(known.implode()))
    near = alike(used, known)
    if int(missing["lines"].sum()) < _FEW * int(used["lines"].sum()) and not near:
        return
    if missing.is_empty():
        return
    example = missing.sort("lines", "id", descending=[True, False])["id"][0]
    matched = used.height - missing.height
    text = f"{matched:,} of {used.height:,} {what} are {where} (not {example})"
    hint = "Import the missing ones, or check that both files use the same ids."
    if near:
        difference, remedy, joined = near[0]
        one = joined.row(0, named=True)
        text += f"; without {difference}, {joined.height:,} more would be (`{one['id']}` and `{one['other']}`)"
        hint = f"{remedy}; it would join {joined.height:,}."
    yield Finding(code, missing.height, text, hint)


def case_variants(ids: pl.Series, *, code: str, what: str) -> Iterator[Finding]:
    """Tells of ids that differ in upper and lower case, or in blanks around them, only."""
    plain = pl.DataFrame({"id": ids.unique(maintain_order=True)}).with_columns(
        plain=_ID.str.to_lowercase().str.strip_chars()
    )
    twice = plain.filter(pl.len().over("plain") > 1).sort("plain", "id")
    if twice.is_empty():
        return
    first = " and ".join(f"`{one}`" for one in twice.filter(pl.col("plain") == twice["plain"][0])["id"])
    text = f"{twice.height:,} {what} differ in upper and lower case only, such as {first}"
    yield Finding(code, twice.height, text, 'If they are the same, set `id_case = "upper"` in the mapping.')


def unreachable_exclusions(bought: pl.Series, products: pl.DataFrame, excluded: Sequence[str]) -> Iterator[Finding]:
    """Tells of excluded categories that cannot keep their products out of the lists: the catalogue does not have the
    category, or its ids are not those of the purchases. `products` has product_id and category."""
    if not excluded or bought.is_empty():
        return
    names = ", ".join(excluded)
    if products.is_empty():
        text = f"the categories {names} are excluded, but there is no catalogue that says which products are in them"
        yield Finding("unreachable_exclusion", bought.len(), text, "Import the products with their categories.")
        return
    if not products["product_id"].is_in(bought.implode()).any():
        text = f"the categories {names} are excluded, but 0 of {bought.len():,} bought products are in the catalogue"
        near = alike(pl.DataFrame({"id": bought}), products["product_id"])
        hint = f"{near[0][1]}; it would join {near[0][2].height:,}." if near else "Use the same ids in both files."
        yield Finding("unreachable_exclusion", bought.len(), text, hint)
        return
    lower = [name.lower() for name in excluded]
    yield from _misspelt(lower, products)
    inside = products.filter(pl.col("category").str.to_lowercase().is_in(lower))["product_id"]
    for what, remedy, joined in alike(pl.DataFrame({"id": bought}), products["product_id"]):
        kept = joined.filter(pl.col("other").is_in(inside.implode()))
        if kept.height:
            one, differ = kept.row(0, named=True), "bought products differ"
            text = (
                f"the categories {names} are excluded, but {counted(kept.height, 'bought product differs', differ)} "
                f"from an excluded one in {what} only, such as `{one['id']}` and `{one['other']}`"
            )
            yield Finding("unreachable_exclusion", kept.height, text, f"{remedy}.")
            return


def _misspelt(excluded: Sequence[str], products: pl.DataFrame) -> Iterator[Finding]:
    """Tells of excluded categories that the catalogue does not have: an error if it has one that looks nearly so."""
    known = products.group_by(pl.col("category").str.to_lowercase()).len().drop_nulls().sort("category")
    absent = [name for name in excluded if name not in known["category"]]
    for name in absent:
        near = difflib.get_close_matches(name, known["category"].to_list(), n=1, cutoff=_ALIKE)
        if near:
            count = int(known.filter(category=near[0])["len"].item())
            text = f"the category `{name}` is excluded, but the catalogue has no such category"
            hint = f"Did you mean `{near[0]}` ({counted(count, 'product')})? Correct recommend.excluded_categories."
            yield Finding("unreachable_exclusion", count, text, hint)
            return
    if absent:
        text = f"the catalogue has no category {', '.join(f'`{name}`' for name in absent)}, which the settings exclude"
        hint = "If products should be excluded, use the category's name in the catalogue."
        yield Finding("unknown_category", len(absent), text, hint)
