"""What the store says about consent, on top of imported profiles."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.customers.profiles import TABLE
from omnix_cli.services.customers.stored_consents import stored_consents, with_consents
from omnix_cli.steps.consent import with_consent
from tests.conftest import MemoryFrame
from tests.memory_store.store import MemoryStore

SPEC = FRAMES["customers"]


def with_stored_consents(known: StoredFrame, store: TableStore) -> StoredFrame:
    return with_consents(known, stored_consents(store))


def imported(**consents: bool | None) -> MemoryFrame:
    lists = {name: [] for name, dtype in SPEC.empty().schema.items() if isinstance(dtype, pl.List)}
    rows: list[dict[str, Any]] = [
        {**dict.fromkeys(SPEC.schema.column_names()), **lists, "customer_id": one, "consent_personalisation": said}
        for one, said in consents.items()
    ]
    frame = pl.DataFrame(rows, schema=SPEC.empty().schema) if rows else SPEC.empty()
    return MemoryFrame("customers", SPEC.conform(frame).sort("customer_id"))


def store_of(**consents: Any) -> MemoryStore:
    store = MemoryStore()
    store.create_tables((TABLE,))
    store.put_many(TABLE, [{"customerId": one, "consent": said, "age": 3} for one, said in consents.items()])
    return store


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (None, None, None),
        (None, True, True),
        (None, False, False),
        (True, None, True),
        (True, False, False),
        (False, True, False),
        (False, None, False),
        (True, True, True),
    ],
)
def test_a_no_counts_and_a_yes_only_without_one(before: bool | None, said: bool | None, after: bool | None) -> None:
    stored = {} if said is None else {"personalisation": said}
    view = with_stored_consents(imported(a=before), store_of(a=stored))
    assert view.scan().collect()["consent_personalisation"].to_list() == [after]
    assert view.rows == 1


def test_who_is_in_the_store_only_has_a_row() -> None:
    view = with_stored_consents(imported(m=None), store_of(a={"aiAnalysis": True}, z={"personalisation": False}, b={}))
    rows = view.scan().collect()
    assert SPEC.conform(rows).equals(rows) and view.rows == rows.height == 3
    assert rows["customer_id"].to_list() == ["a", "m", "z"]
    assert rows["consent_ai_analysis"].to_list() == [True, None, None]
    purchases = pl.LazyFrame({"customer_id": ["a", "m", "z"]})
    assert with_consent(purchases, view.scan(), default=True).collect()["customer_id"].to_list() == ["a", "m"]


def test_the_key_follows_what_is_said_and_nothing_else() -> None:
    known = imported(a=True)
    keys = [
        with_stored_consents(known, store_of(**consents)).key
        for consents in ({}, {"b": {}}, {"b": {"personalisation": True}}, {"b": {"personalisation": False}})
    ]
    assert keys[0] == keys[1] == known.key
    assert len(set(keys)) == 3


@pytest.mark.parametrize("consent", [None, "yes", [], {"personalisation": "no"}, {"personalisation": None}])
def test_what_another_service_wrote_says_nothing(consent: Any) -> None:
    known = imported(a=True)
    assert with_stored_consents(known, store_of(a=consent)) is known


def test_a_store_without_profiles_says_nothing() -> None:
    known = imported(a=True)
    assert with_stored_consents(known, MemoryStore()) is known
