"""Ids of two inputs that do not meet, and ids that differ in their spelling only."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.records import Finding

_FEW = 0.01
"""Below this share of the lines, unmatched ids are told only if another spelling would join some."""

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
