"""What stands after an import: the current lines of some groups, and the statements about them, merged in turn.

`docs/identity.md` has the rules. A state has one row for each line of a group: `n` says how often it stands, `again`
how often it stood in an import whose files are all read again, `out` how often it was cancelled: the same cancellation
again takes out nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.steps.imports.groups.identity import FILE, is_cancelled
from omnix_cli.steps.imports.groups.stated_lines import BASE, GROUP, LINE, MODE, TURN, Statements

AGAIN = "_again"
"""Whether all files of the import that a current row came with are read again."""

_STATE = [GROUP, LINE, BASE, "n", "again", "out", "_who", "_when"]


@dataclass(frozen=True)
class Merged:
    """The lines of the groups as they stand now, the accepted and known rows by FILE, and counts of what happened, by
    code."""

    state: pl.DataFrame
    accepted: dict[int, int]
    known: dict[int, int]
    counts: Counter[str]


def merge(stated: Statements, current: pl.DataFrame) -> Merged:
    """Merges statements into current rows (with BASE, GROUP, LINE and AGAIN)."""
    counts = Counter(stated.counts)
    lines, dropped = stated.lines, stated.dropped
    retimed = _retimed(lines, current)
    state, done, steps = _state(current), [], []
    for statement in _in_turn(lines):
        touched = statement.select(GROUP).unique()
        done.append(state.join(touched, on=GROUP, how="anti"))
        changed = _step(state.join(touched, on=GROUP, how="semi"), statement)
        steps.append(changed)
        state = changed.select(*_STATE[:3], "new", "again", "new_out", "_who", "_when")
        state = state.rename({"new": "n", "new_out": "out"})
    final = pl.concat([*done, state])
    changes = pl.concat([step.select(_CHANGES) for step in steps]) if steps else None
    if changes is None:
        counts["withdrawn"] += int(final["again"].sum())
        return Merged(final, {}, {}, counts)
    shares = _shares(lines, changes, retimed)
    _count(changes, shares, final, retimed, counts)
    repeated = dropped.join(lines, on=[GROUP, LINE], how="semi")
    replaced = dropped.join(lines, on=[GROUP, LINE], how="anti")
    counts["corrected"] += int(replaced["_rows"].sum())
    accepted = Counter(_sums(shares, "accepted")) + Counter(_sums(replaced, "_rows"))
    known = Counter(_sums(shares.with_columns(known=pl.col("_rows") - pl.col("accepted")), "known"))
    known += Counter(_sums(repeated, "_rows"))
    return Merged(final, dict(accepted), dict(known), counts)


_AT_EDGES = ["replaced_at_edge", "kept_at_edge"]
_CHANGES = [GROUP, LINE, TURN, "added", "removed", "remembers", "reinstated", "_who", "kept_receipt", *_AT_EDGES]


def _state(current: pl.DataFrame) -> pl.DataFrame:
    cancelled = is_cancelled(current)
    when = pl.col("purchased_at").to_physical() if "purchased_at" in current.columns else pl.lit(0, pl.Int64)
    who = pl.col("customer_id") if "customer_id" in current.columns else pl.col(current.columns[0])
    stands = ~cancelled
    return (
        current.with_columns(who.hash().alias("_who"), when.alias("_when"))
        .group_by(GROUP, LINE)
        .agg(
            pl.col(BASE).first(),
            (stands & ~pl.col(AGAIN)).sum().cast(pl.Int64).alias("n"),
            (stands & pl.col(AGAIN)).sum().cast(pl.Int64).alias("again"),
            (cancelled & ~pl.col(AGAIN)).sum().cast(pl.Int64).alias("out"),
            pl.col("_who", "_when").first(),
        )
        .select(_STATE)
    )


def _in_turn(lines: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The statements of each turn; parts that are joined are one statement."""
    lines = lines.with_columns((pl.col("_sum") + pl.col("_taken")).alias("states"))
    merged = lines.group_by(GROUP, LINE, TURN).agg(
        pl.col(BASE, MODE, "fragment", "_who", "_when").first(),
        pl.col("n", "out").max().name.prefix("stated_"),
        pl.col("states", "_taken", "_cancels").sum(),
        pl.len().alias("parts"),
    )
    merged = _joined(merged, lines).rename({"stated_n": "stated"})
    for turn in merged[TURN].unique().sort():
        yield merged.filter(pl.col(TURN) == turn)


def _joined(merged: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that are cancelled at a cut: there are few, and their parts count in the order of files."""
    cut = merged.filter(pl.col("parts") > 1, pl.col("stated_out") > 0).select(GROUP, LINE, TURN)
    merged = merged.drop("parts")
    if cut.is_empty():
        return merged
    sums: dict[tuple[int, int, int], tuple[int, int]] = {}
    for *key, n, out in lines.join(cut, on=cut.columns).sort(FILE).select(*cut.columns, "n", "out").iter_rows():
        before, out_before = sums.get(tuple(key), (0, 0))
        total = max(before + out_before, n + out) if out else max(before, n)
        out_now = max(out_before, out) if out else 0
        sums[tuple(key)] = total - out_now, out_now
    found = [(*key, *counts) for key, counts in sums.items()]
    schema = {name: merged.schema[name] for name in (*cut.columns, "stated_n", "stated_out")}
    return merged.update(pl.DataFrame(found, schema=schema, orient="row"), on=cut.columns)


def _step(state: pl.DataFrame, statement: pl.DataFrame) -> pl.DataFrame:
    """The lines of the groups after one statement about each of them, and what changed."""
    joined = state.join(statement, on=[GROUP, LINE], how="full", coalesce=True).with_columns(
        pl.coalesce(BASE, f"{BASE}_right").alias(BASE),
        pl.coalesce("_who_right", "_who").alias("_who"),
        pl.coalesce("_when_right", "_when").alias("_when"),
        pl.col("n", "again", "out", "states", "_cancels").fill_null(0),
        pl.col("stated").is_not_null().alias("is_stated"),
        pl.col(MODE).drop_nulls().first().over(GROUP),
        pl.col("fragment").drop_nulls().first().over(GROUP),
        pl.col(TURN).drop_nulls().first().over(GROUP),
    )
    joined = _with_receipts(joined, statement)
    n, stated, is_stated = pl.col("n"), pl.col("stated"), pl.col("is_stated")
    # A line cannot be cancelled more often than it was there. Rows set aside are not stored, so they are not known.
    joined = joined.with_columns(
        pl.min_horizontal("stated_out", pl.max_horizontal("states", n + pl.col("out"), 1)).alias("stated_out"),
        pl.when(pl.col("_cancels") > 0).then("out").otherwise(0).alias("known_out"),
    )
    stated_out, known_out = pl.col("stated_out"), pl.col("known_out")
    joined = joined.with_columns(
        (n - (stated_out - known_out).clip(0)).clip(0).alias("after"),  # where a line is cancelled
        (stated > 0).fill_null(False).any().over(GROUP).alias("has_standing"),
        (is_stated & (pl.when(pl.col("states") > 0).then(1).otherwise("_taken") > n + known_out))
        .any()
        .over(GROUP)
        .alias("takes_unknown"),
        ((~is_stated | (stated <= n) & (stated > 0)).all() & ~(pl.col("_cancels") > 0).any())
        .over(GROUP)
        .alias("contained"),
    )
    receipt = pl.when("other_receipt").then(n).otherwise(0)
    of_lines = (
        pl.when(~is_stated)
        .then(n)
        .when(stated_out > 0)
        .then(pl.max_horizontal(n + known_out, stated + stated_out) - pl.max_horizontal(known_out, stated_out))
        .otherwise(pl.max_horizontal(n, stated))
    )
    is_part = pl.col("fragment") & pl.col("contained")
    of_order = (
        pl.when(is_part)
        .then(n)
        .when("has_standing")
        .then(pl.when(is_stated).then(stated).otherwise(receipt))
        .when("takes_unknown")
        .then(pl.when(is_stated).then(0).otherwise(receipt))
        .otherwise(pl.when(is_stated).then(pl.when(pl.col("states") > 0).then(0).otherwise("after")).otherwise(n))
    )
    is_lines, is_order = pl.col(MODE) == "lines", pl.col(MODE) == "order"
    of_document = pl.when(is_stated).then(stated).otherwise(0)
    new = pl.when(is_lines).then(of_lines).when(is_order).then(of_order).otherwise(of_document)
    leaves_out = is_lines | is_order & (is_part | ~pl.col("has_standing") & ~pl.col("takes_unknown"))
    out_stated = (
        pl.when(pl.col(MODE) == "last")
        .then(stated_out)
        .when(pl.col("_cancels") > 0)
        .then(
            pl.when(is_order & (pl.col("states") > 0)).then(stated_out).otherwise(pl.max_horizontal("out", stated_out))
        )
        .when(is_order & is_part | (stated == 0))
        .then("out")
        .otherwise(0)
    )
    new_out = pl.when(is_stated).then(out_stated).when(leaves_out | pl.col("other_receipt")).then("out").otherwise(0)
    joined = joined.with_columns(new.cast(pl.Int64).alias("new"), new_out.cast(pl.Int64).alias("new_out"))
    added, removed = (pl.col("new") - n).clip(0), (n - pl.col("new")).clip(0)
    silent = pl.min_horizontal(added, "again")
    return joined.with_columns(
        (added - silent).alias("added"),
        removed.alias("removed"),
        (pl.col("again") - silent).alias("again"),
        (pl.col("new_out") > pl.col("out")).alias("remembers"),
        ((pl.col("out") > 0) & (n == 0) & (pl.col("new") > 0)).alias("reinstated"),
        (pl.col("other_receipt") & (pl.col(MODE) == "order") & (pl.col("new") > 0)).alias("kept_receipt"),
        *_at_edges(removed, is_order & is_part),
    )


def _at_edges(removed: pl.Expr, is_part: pl.Expr) -> Iterator[pl.Expr]:
    """How many lines that an earlier import has of an order are replaced, or stay, since a file may begin or end
    within the order."""
    is_edge = pl.col("fragment") & (pl.col(MODE) == "order") & (pl.col(TURN) == 0) & pl.col("has_standing")
    yield pl.when(is_edge).then(removed).otherwise(0).alias(_AT_EDGES[0])
    yield pl.when(is_part).then(pl.col("n") - pl.col("stated").fill_null(0)).otherwise(0).alias(_AT_EDGES[1])


def _with_receipts(joined: pl.DataFrame, statement: pl.DataFrame) -> pl.DataFrame:
    """Marks the lines of another receipt with the same number: whose customer and time both differ from all lines of
    the statement."""
    unstated = joined.filter(~pl.col("is_stated") & (pl.col(MODE) == "order") & (pl.col("n") > 0))
    for one in ("_who", "_when"):
        unstated = unstated.join(statement.select(GROUP, one).unique(), on=[GROUP, one], how="anti")
    others = unstated.select(GROUP, LINE, pl.lit(True).alias("other_receipt"))
    return joined.join(others, on=[GROUP, LINE], how="left").with_columns(pl.col("other_receipt").fill_null(False))


def _retimed(lines: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """The lines that are known by their written time and whose instant changed."""
    if "purchased_at" not in current.columns or current.is_empty():
        return lines.select(GROUP, LINE).clear()
    times = current.select(GROUP, LINE, "purchased_at").join(
        lines.select(GROUP, LINE, pl.col("purchased_at").alias("stated_at")), on=[GROUP, LINE]
    )
    return times.filter(pl.col("purchased_at") != pl.col("stated_at")).select(GROUP, LINE).unique()


def _shares(lines: pl.DataFrame, changes: pl.DataFrame, retimed: pl.DataFrame) -> pl.DataFrame:
    """The lines with how many of their rows were `accepted`; of joined statements, those of the first file are."""
    found = lines.select(GROUP, LINE, TURN, FILE, "_rows", "_cancels").join(
        changes.select(GROUP, LINE, TURN, "added", "removed", "remembers"), on=[GROUP, LINE, TURN], how="left"
    )
    found = found.join(retimed.with_columns(pl.lit(True).alias("retimed")), on=[GROUP, LINE], how="left")
    before = pl.col("_rows").cum_sum().over(GROUP, LINE, TURN, order_by=FILE) - pl.col("_rows")
    changed = (pl.col("added") > 0) | (pl.col("removed") > 0) | pl.col("remembers")
    some = (pl.col("added") - before).clip(0)
    accepted = (
        pl.when(pl.col("retimed").fill_null(False))
        .then("_rows")
        .when(pl.col("_cancels") > 0)
        .then(pl.when(changed).then("_rows").otherwise(0))
        .otherwise(pl.min_horizontal(some, "_rows"))
    )
    return found.with_columns(accepted.cast(pl.Int64).alias("accepted"))


def _count(
    changes: pl.DataFrame, shares: pl.DataFrame, final: pl.DataFrame, retimed: pl.DataFrame, counts: Counter[str]
) -> None:
    """Counts the lines that were replaced, withdrawn, moved to another customer, and so on."""
    gone, came = pl.col("removed") > 0, pl.col("added") > 0
    by_group = (
        changes.group_by(GROUP)
        .agg(
            pl.col("removed").sum(),
            pl.col("reinstated").sum(),
            pl.col("kept_receipt").any(),
            pl.col("_who").filter(gone).min().alias("from"),
            pl.col("_who").filter(came).min().alias("to"),
        )
        .join(shares.group_by(GROUP).agg(pl.col("accepted").sum()), on=GROUP, how="left")
    )
    left = final.filter(pl.col("again") > 0).group_by(GROUP).agg(pl.col("again").sum())
    by_group = by_group.join(left, on=GROUP, how="full", coalesce=True).fill_null(0)
    removed = pl.col("removed") + pl.col("again")
    corrected = pl.min_horizontal(removed, "accepted")
    sums = by_group.select(
        corrected=corrected.sum(),
        withdrawn=(removed - corrected).sum(),
        moved=(pl.col("from") != pl.col("to")).filter((pl.col("from") != 0) & (pl.col("to") != 0)).sum(),
        reinstated=pl.col("reinstated").sum(),
        two_receipts=pl.col("kept_receipt").sum(),
    ).row(0, named=True)
    counts.update({code: int(count) for code, count in sums.items()})
    counts.update({code: int(changes[code].sum()) for code in _AT_EDGES})
    counts["corrected"] += int(shares.join(retimed, on=[GROUP, LINE], how="semi")["accepted"].sum())


def _sums(rows: pl.DataFrame, column: str) -> dict[int, int]:
    if rows.is_empty():
        return {}
    return {int(file): int(count) for file, count in rows.group_by(FILE).agg(pl.col(column).sum()).iter_rows()}
