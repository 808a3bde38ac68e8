from __future__ import annotations

from datetime import date

from omnix_cli.services.importing.clean_rows import FileCounts, clean_file
from omnix_cli.steps.imports.identity import FILE
from tests.unit.services.importing.stages import GOOD, reader, source


def test_rows_are_split_and_counted() -> None:
    counts = FileCounts("a.csv")
    (cleaned,) = clean_file(reader(), source(GOOD + "3,r,o3,many,2020-05-03\njunk\n"), 7, counts)
    assert cleaned.rows["customer_id"].to_list() == ["1", "2"]
    assert cleaned.rows[FILE].unique().to_list() == [7]
    assert cleaned.quarantine["reason"].to_list() == ["not a number", "wrong number of fields"]
    report = counts.report()
    assert (report.read, report.quarantined, report.expected, counts.newest_day) == (4, 2, 0, date(2020, 5, 2))
    assert len(counts.sha256) == 64
