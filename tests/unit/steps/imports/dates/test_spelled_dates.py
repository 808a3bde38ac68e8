from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from omnix_cli.steps.imports.dates.spelled_dates import rewritten


@pytest.mark.parametrize(
    ("written", "plain", "minutes"),
    [
        ("Sat, 09 Mar 2024 23:50:12 GMT", "09 Mar 2024 23:50:12", 0),
        ("Sat, 9 Mar 2024 23:50:12 EDT", "9 Mar 2024 23:50:12", -240),
        ("Sat Mar  9 23:50:12 2024", "Mar 9 2024 23:50:12", None),
        ("Sat Mar 09 23:50:12 +0530 2024", "Mar 09 2024 23:50:12", 330),
        ("2024-03-09T23:50:12-03:00[America/Sao_Paulo]", "2024-03-09T23:50:12", -180),
        ("05-MAR-17 10.11.12.000000 AM", "05-MAR-17 10:11:12.000000 AM", None),
        ("10:00 09/03/2024", "09/03/2024 10:00", None),
        ("2024-03-09", "2024-03-09", None),
        ("no date at all", "no date at all", None),
    ],
)
def test_the_date_stands_before_the_time_and_the_offset_apart(written: str, plain: str, minutes: int | None) -> None:
    rewritten_text, offset = rewritten(pl.Series([written]))
    assert rewritten_text.to_list() == [plain]
    assert offset.to_list() == [None if minutes is None else timedelta(minutes=minutes)]
