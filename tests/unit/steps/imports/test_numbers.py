from __future__ import annotations

import pytest

from tests.unit.steps.imports.lines import LINE, cleaned


@pytest.mark.parametrize("written", ["$1,234.50", "1 234.50", "1'234.50", "EUR 1234.50", "1234.5"])
def test_amounts_in_the_usual_spellings(written: str) -> None:
    assert [str(price) for price in cleaned({**LINE, "unit_price": written}).rows["unit_price"]] == ["1234.50"]
