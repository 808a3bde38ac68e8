"""Which rows of a checkpoint are about a customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.checkpoints import Manifest
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.schemas import FRAMES
from omnix_cli.services.privacy.checkpoint_rows import conditions

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


def manifest(step: str, *frames: str, **mapping: Any) -> Manifest:
    schemas = {name: {column: str(kind) for column, kind in FRAMES[name].empty().schema.items()} for name in frames}
    parameters = {"mapping": {"columns": mapping}}
    return Manifest("k", step, "1", parameters, {}, {}, schemas, {}, 0.0, 0, NOW, {})


def test_every_frame_of_customers_has_a_condition() -> None:
    frames = tuple(name for name in FRAMES if name not in ("superseded", "quarantine"))
    found = conditions(manifest("all", *frames), Traces("zoe-4711"))
    with_customers = {name for name in frames if {"customer_id", "list_id"} & set(FRAMES[name].schema.column_names())}
    assert set(found) == with_customers and {"receipts", "rankings", "unlisted", "dead_letters"} < with_customers


def test_lists_are_known_by_their_ids() -> None:
    condition = conditions(manifest("publish", "receipts"), Traces("12"))["receipts"]
    ids = pl.DataFrame({"list_id": ["12#homepage", "120#homepage", "similar#12", "12#usual"]})
    assert ids.filter(condition)["list_id"].to_list() == ["12#homepage", "12#usual"]


def test_superseded_ids_are_customers_in_imports_of_customers_only() -> None:
    assert set(conditions(manifest("import-customers", "superseded"), Traces("12"))) == {"superseded"}
    assert conditions(manifest("import-purchases", "superseded"), Traces("12")) == {}


@pytest.mark.parametrize(
    ("customer", "row", "mapping", "is_about"),
    [
        ("12", '{"client": "12"}', {}, True),
        ("12", '{"qty": "12"}', {}, False),
        ("12", '{"qty": "12"}', {"customer_id": "qty"}, True),
        ("12", '{"a": "12"}', {"customer_id": ["b", "a"]}, True),
        ("12", '{"a": "X", "b": "12"}', {"customer_id": {"columns": ["a", "b"]}}, True),
        ("12", "12;milk", {}, True),
        ("12", "120;milk", {}, False),
        ("12", '{"line": "12;milk"}', {}, True),
        ("12", '{"line": "12", "who": "7"}', {}, False),
        ("zoe-4711", '{"note": "said zoe-4711"}', {}, True),
        ("zoe-4711", '{"note": "said zoe-47110"}', {}, False),
        ("zoe-4711", '["zoe-4711"]', {}, True),
    ],
)
def test_quarantined_rows(customer: str, row: str, mapping: dict[str, Any], is_about: bool) -> None:
    condition = conditions(manifest("import-purchases", "quarantine", **mapping), Traces(customer))["quarantine"]
    rows = pl.DataFrame({"row": [row], "value": [None]}, schema={"row": pl.String, "value": pl.String})
    assert bool(rows.filter(condition).height) is is_about
