"""Rules that come later than the rows they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.records import Finding
from omnix_cli.services.importing.earlier_rows import outdated_rows
from omnix_cli.services.importing.imports import import_files
from tests.importing import current_rows, importer, line, write

OLD = [line(1, 7), line(2, 7), line(2, 8), line(3, 9)]


def _findings(work: Any, file: Path, **rules: Any) -> dict[str, Finding]:
    mapping = parse_mapping("purchases", rules, where="test")
    found = import_files(work, [str(file)], mapping).findings
    return {one.code: one for one in found if one.code.endswith("_later")}


@pytest.mark.parametrize(
    ("rules", "code", "rows", "example"),
    [
        ({"set_aside": [{"column": "product_id", "values": ["7"], "reason": "x"}]}, "set_aside_later", 2, "as 7"),
        ({"set_aside": [{"column": "product_id", "matches": "^[78]", "reason": "x"}]}, "set_aside_later", 3, "as 7"),
        ({"set_aside": [{"column": "customer_id", "other_than": ["0"], "reason": "x"}]}, "set_aside_later", 3, "as 2"),
        ({"values": {"product_id": {"7": "70"}}}, "replaced_later", 2, "7 (now 70)"),
    ],
)
def test_rows_that_a_later_rule_is_about_are_told_until_their_files_are_read_again(
    tmp_path: Path, rules: dict[str, Any], code: str, rows: int, example: str
) -> None:
    work = importer(tmp_path / "w")
    old, new = write(tmp_path / "a.csv", OLD), write(tmp_path / "b.csv", [line(6, 5)])
    assert _findings(work, old) == {}
    (found,) = _findings(work, new, **rules).values()
    assert (found.code, found.rows) == (code, rows)
    assert example in found.text
    assert str(old) in found.hint
    assert _findings(work, old, **rules) == {}
    assert "7" not in current_rows(work)["product_id"] or "customer_id" in str(rules)
    mapping = parse_mapping("purchases", rules, where="test")
    assert list(outdated_rows(work, mapping, work.ledger.batches("purchases")[-1].files[0].mapping_key)) == []


def test_a_rule_that_was_always_there_costs_nothing_and_says_nothing(tmp_path: Path) -> None:
    work, rules = importer(tmp_path / "w"), {"values": {"product_id": {"70": "7"}}}
    assert _findings(work, write(tmp_path / "a.csv", OLD), **rules) == {}
    assert _findings(work, write(tmp_path / "b.csv", [line(6, 70)]), **rules) == {}
