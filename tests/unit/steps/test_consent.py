from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.consent import with_consent
from tests.unit.steps.frames import frame


@pytest.mark.parametrize(("default", "kept"), [(True, ["silent", "unknown", "yes"]), (False, ["yes"])])
def test_who_says_nothing_is_treated_by_default(default: bool, kept: list[str]) -> None:
    said = {"yes": True, "no": False, "silent": None}
    people = [{"customer_id": name, "consent_personalisation": consent} for name, consent in said.items()]
    gone = {"customer_id": "gone", "consent_personalisation": True, "withdrawn": True}
    rows = pl.LazyFrame({"customer_id": sorted([*said, "gone", "unknown"])})
    left = with_consent(rows, frame("customers", *people, gone), default=default).collect()
    assert left["customer_id"].to_list() == kept
