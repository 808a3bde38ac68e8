"""What a run may see of the purchases."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.steps.history import seen
from tests.conftest import purchases


def history(*lines: tuple[str, str, str, float], kinds: str, as_of: str = "2020-02-01") -> list[tuple[str, float]]:
    """The days and quantities left of lines; of each the kind: p(urchase), r(eturn) or c(ancelled)."""
    names = {"p": "purchase", "r": "return", "c": "cancelled"}
    rows = (
        purchases(*lines)
        .sort("purchase_id")
        .with_columns(pl.Series("kind", [names[kind] for kind in kinds]).cast(purchases().schema["kind"]))
    )
    left = seen(rows.lazy(), as_of=date.fromisoformat(as_of)).collect().sort("purchase_day")
    assert set(left["kind"]) <= {"purchase"}
    return [(str(day), quantity) for day, quantity in left.select("purchase_day", "quantity").rows()]


def test_only_lines_of_earlier_days() -> None:
    lines = ("c", "p", "2020-01-31", 1.0), ("c", "p", "2020-02-01", 1.0)
    assert history(*lines, kinds="pp") == [("2020-01-31", 1.0)]


def test_a_cancelled_line_is_gone() -> None:
    assert history(("c", "p", "2020-01-01", 1.0), ("c", "p", "2020-01-02", 1.0), kinds="cp") == [("2020-01-02", 1.0)]


def test_a_return_takes_units_from_the_newest_lines_before_it() -> None:
    lines = (
        ("c", "p", "2020-01-01", 3.0),
        ("c", "p", "2020-01-02", 2.0),
        ("c", "p", "2020-01-03", 4.0),
        ("c", "p", "2020-01-04", 5.0),
    )
    assert history(*lines, kinds="pprp") == [("2020-01-01", 1.0), ("2020-01-04", 5.0)]


def test_a_return_without_a_purchase_before_it_changes_nothing() -> None:
    lines = ("c", "p", "2020-01-01", 2.0), ("c", "p", "2020-01-02", 3.0), ("d", "p", "2020-01-01", 1.0)
    assert history(*lines, kinds="rpp") == [("2020-01-01", 1.0), ("2020-01-02", 3.0)]
