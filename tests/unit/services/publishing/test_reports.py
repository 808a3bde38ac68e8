"""What a publish did, or would do."""

from __future__ import annotations

from dataclasses import replace

from omnix_cli.protocols.tables import WriteLimit
from omnix_cli.services.publishing.reports import PublishReport
from omnix_cli.services.publishing.verification import Verification

REPORT = PublishReport(
    lists=10,
    added=1,
    changed=2,
    refreshed=3,
    unchanged=4,
    removed=5,
    foreign=0,
    refused=0,
    compared_with="the last receipts",
    receipts_key="publish-1",
    units=2_000_000,
    units_saved=500_000,
    samples=(),
    limit=None,
    verification=None,
    dry_run=False,
    seconds=1.0,
)


def test_unchanged_lists_are_not_written() -> None:
    assert REPORT.written == 11
    assert REPORT.figures == {"added": 1, "changed": 2, "refreshed": 3, "unchanged": 4, "removed": 5}


def test_the_price_is_that_of_a_million_units() -> None:
    assert (REPORT.cost(0.625)["cost_usd"], REPORT.cost(0.625)["cost_saved_usd"]) == (1.25, 0.3125)


def test_the_summary_adds_what_is_known() -> None:
    assert REPORT.summary == "compared with the last receipts"
    checked = replace(REPORT, verification=Verification(10, 10, ()), limit=WriteLimit(100, "as set"))
    assert checked.summary == (
        "compared with the last receipts; all 10 items read back and equal; at most 100 write units a second (as set)"
    )


def test_refused_and_differing_items_make_it_incomplete() -> None:
    assert REPORT.incomplete == ""
    broken = replace(REPORT, refused=2, verification=Verification(10, 10, ("ann#homepage",)))
    assert broken.incomplete == "the store refused 2 items; 1 of 10 items differ: ann#homepage"
    assert broken.figures["refused"] == 2
