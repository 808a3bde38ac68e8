"""What stands after an import: the current lines of some groups, and the statements about them, merged in turn.

`docs/identity.md` has the rules. A state has one row for each line of a group: `n` says how often it stands, `again`
how often it stood in an import whose files are all read again, `remembered` whether it was cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.steps.imports.groups.identity import CHANGED, FILE
from omnix_cli.steps.imports.groups.stated_lines import BASE, GROUP, LINE, MODE, TURN, Statements

AGAIN = "_again"
"""Whether all files of the import that a current row came with are read again."""

_STATE = [GROUP, LINE, BASE, "n", "again", "remembered", "_who", "_when"]


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
        state = changed.select(*_STATE[:3], "new", "again", "remembered", "_who", "_when").rename({"new": "n"})
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


_CHANGES = [GROUP, LINE, TURN, "added", "removed", "remembers", "reinstated", "_who", "kept_receipt"]


def _state(current: pl.DataFrame) -> pl.DataFrame:
    cancelled = pl.col("kind") == "cancelled" if "kind" in current.columns else pl.lit(False)
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
            (cancelled & ~pl.col(AGAIN)).any().alias("remembered"),
            pl.col("_who", "_when").first(),
        )
        .select(_STATE)
    )


def _in_turn(lines: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The statements of each turn; parts that are joined are one statement. A part takes out what was cancelled in it,
    also of the parts before it."""
    taken_later = pl.col("_taken").reverse().cum_sum().reverse() - pl.col("_taken")
    merged = (
        lines.sort(CHANGED, FILE, nulls_last=False)
        .group_by(GROUP, LINE, TURN)
        .agg(
            pl.col(BASE, MODE, "fragment", "_who", "_when").first(),
            (pl.col("n") - taken_later).max().clip(0).alias("stated"),
            (pl.col("_sum") + pl.col("_taken")).sum().alias("states"),
            pl.col("_taken", "_cancels").sum(),
        )
    )
    for turn in merged[TURN].unique().sort():
        yield merged.filter(pl.col(TURN) == turn)


def _step(state: pl.DataFrame, statement: pl.DataFrame) -> pl.DataFrame:
    """The lines of the groups after one statement about each of them, and what changed."""
    joined = state.join(statement, on=[GROUP, LINE], how="full", coalesce=True).with_columns(
        pl.coalesce(BASE, f"{BASE}_right").alias(BASE),
        pl.coalesce("_who_right", "_who").alias("_who"),
        pl.coalesce("_when_right", "_when").alias("_when"),
        pl.col("n", "again", "_cancels").fill_null(0),
        pl.col("remembered").fill_null(False),
        pl.col("stated").is_not_null().alias("is_stated"),
        pl.col(MODE).drop_nulls().first().over(GROUP),
        pl.col("fragment").drop_nulls().first().over(GROUP),
        pl.col(TURN).drop_nulls().first().over(GROUP),
    )
    joined = _with_receipts(joined, statement)
    n, stated, is_stated = pl.col("n"), pl.col("stated"), pl.col("is_stated")
    after = (n - pl.col("_taken")).clip(0)  # where a line is cancelled
    otherwise = pl.when(is_stated).then(stated).otherwise(0)
    joined = joined.with_columns(
        ((stated > 0).fill_null(False).any().over(GROUP)).alias("has_standing"),
        (is_stated & (stated == 0) & (n > 0)).any().over(GROUP).alias("takes_known"),
        ((~is_stated | (stated <= n) & (stated > 0)).all() & ~(pl.col("_cancels") > 0).any())
        .over(GROUP)
        .alias("contained"),
    )
    receipt = pl.when("other_receipt").then(n).otherwise(0)
    of_lines = pl.when(~is_stated).then(n).when(stated > 0).then(pl.max_horizontal(n, stated)).otherwise(after)
    of_order = (
        pl.when(pl.col("fragment") & pl.col("contained"))
        .then(n)
        .when("has_standing")
        .then(pl.when(is_stated).then(stated).otherwise(receipt))
        .when("takes_known")
        .then(pl.when(is_stated).then(pl.when(pl.col("states") > 0).then(0).otherwise(after)).otherwise(n))
        .otherwise(pl.when(is_stated).then(0).otherwise(receipt))
    )
    new = pl.when(pl.col(MODE) == "lines").then(of_lines).when(pl.col(MODE) == "order").then(of_order)
    joined = joined.with_columns(new.otherwise(otherwise).cast(pl.Int64).alias("new"))
    added, removed = (pl.col("new") - n).clip(0), (n - pl.col("new")).clip(0)
    silent = pl.min_horizontal(added, "again")
    return joined.with_columns(
        (added - silent).alias("added"),
        removed.alias("removed"),
        (pl.col("again") - silent).alias("again"),
        ((pl.col("_cancels") > 0) & ~pl.col("remembered") & (pl.col("new") == 0)).alias("remembers"),
        (pl.col("remembered") & (n == 0) & (pl.col("new") > 0)).alias("reinstated"),
        (pl.col("remembered") | (pl.col("_cancels") > 0)).alias("remembered"),
        (pl.col("other_receipt") & (pl.col(MODE) == "order") & (pl.col("new") > 0)).alias("kept_receipt"),
    )


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
    counts["corrected"] += int(shares.join(retimed, on=[GROUP, LINE], how="semi")["accepted"].sum())


def _sums(rows: pl.DataFrame, column: str) -> dict[int, int]:
    if rows.is_empty():
        return {}
    return {int(file): int(count) for file, count in rows.group_by(FILE).agg(pl.col(column).sum()).iter_rows()}
