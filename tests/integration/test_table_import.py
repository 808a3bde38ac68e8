"""`omnix import --from` a store: over an emulator, killed in the middle, and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from omnix_cli.cli import main
from omnix_cli.configuration import load_settings
from omnix_cli.settings import Settings
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.wiring.workspaces import Workspace
from tests.aws.accounts import new_stage, store_maker
from tests.cli.conftest import Answer, Omnix
from tests.integration.test_table_exports import item

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def tables(ministack: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A store in the emulator, and the settings that name it."""
    stage = new_stage()
    monkeypatch.chdir(tmp_path)
    for name, value in {"endpoint_url": ministack, "stage": stage}.items():
        monkeypatch.setenv(f"OMNIX_STORE__{name.upper()}", value)
    store = store_maker(ministack, stage=stage)()
    store.create_tables()
    yield store
    store.close()


@pytest.fixture
def omnix(capfd: pytest.CaptureFixture[str]) -> Omnix:
    def call(*arguments: str) -> Answer:
        code = main(arguments)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def imported(omnix: Omnix, kind: str, *arguments: str) -> dict[str, Any]:
    answer = omnix("import", kind, "--from", "dynamodb", "--format", "json", *arguments)
    assert answer.code == 0, answer.err
    (file,) = orjson.loads(answer.out)
    assert file["read"] == file["accepted"] + file["quarantined"] + file["known"]
    return {**file, "err": answer.err}


def standing(kind: str) -> list[dict[str, Any]]:
    view = Workspace(Settings(), now=lambda: pytest.fail("no clock is needed")).ledger.view(kind)
    return view.scan().collect().to_dicts()


@pytest.mark.parametrize("transport", ["signed", "boto3"])
def test_purchases_of_the_older_service_come_in_and_change(
    omnix: Omnix, tables: Any, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setenv("OMNIX_STORE__TRANSPORT", transport)
    items = [item(number) for number in range(30)]
    tables.put_many("purchase-history", items)
    first = imported(omnix, "purchases")
    assert (first["read"], first["accepted"]) == (30, 30)
    assert imported(omnix, "purchases")["known"] == 30
    tables.put_many("purchase-history", [item(3, quantity=7), item(99)])
    again = imported(omnix, "purchases")
    assert (again["read"], again["accepted"], again["known"]) == (31, 2, 29)
    assert {row["purchase_id"]: row["quantity"] for row in standing("purchases")}[item(3)["id"]] == 7
    assert not list(Path(".omnix/scans").iterdir())


def test_a_bad_item_is_named_by_its_table_and_key(omnix: Omnix, tables: Any) -> None:
    bad = item(2, quantity="two")
    tables.put_many("purchase-history", [item(1), bad])
    found = imported(omnix, "purchases", "--max-bad", "0.5")
    assert (found["accepted"], found["quarantined"]) == (1, 1)
    table = f"dynamodb:omnix-ai-purchase-history-{os.environ['OMNIX_STORE__STAGE']}"
    assert f"{table} id={bad['id']}: two" in found["err"]


def test_the_other_tables_come_in_too(omnix: Omnix, tables: Any) -> None:
    profile = {
        "customerId": "c1",
        "demographics": {"age": 30, "familySize": 3},
        "preferences": {"dietaryRestrictions": ["vegan", "no nuts"], "budgetRange": {"min": 5, "max": Decimal("9.5")}},
        "consent": {"personalisation": True, "aiAnalysis": False},
        "updatedAt": "2020-05-01T00:00:00.000Z",
    }
    tables.put_many("customer-profiles", [profile])
    tables.put_many(
        "products", [{"id": "p1", "name": "Milk", "quantity": 4, "price": Decimal("1.10"), "tags": ["a|b"]}]
    )
    view = {"customerId": "c1", "productId": "p1", "interactionType": "view", "timestamp": "2020-05-01T00:00:00.000Z"}
    tables.put_many("product-interactions", [{"id": "i1", **view}, {"id": "i2", **view, "ttl": 1}])
    for kind in ("customers", "products", "interactions"):
        assert imported(omnix, kind)["accepted"] == 1
    (customer,), (product,), (interaction,) = map(standing, ("customers", "products", "interactions"))
    assert (customer["age"], customer["family_size"], customer["budget_max"]) == (30, 3, Decimal("9.50"))
    assert customer["dietary_restrictions"] == ["vegan", "no nuts"]
    assert (customer["consent_personalisation"], customer["consent_ai_analysis"]) == (True, False)
    assert (product["stock"], product["price"], product["tags"]) == (4, Decimal("1.10"), ["a|b"])
    assert interaction["interaction_id"] == "i1"


def test_a_killed_import_goes_on_where_it_stopped(omnix: Omnix, tables: Any) -> None:
    items = [item(number, review="x" * 100_000) for number in range(50)]
    tables.put_many("purchase-history", items)
    slow = {"OMNIX_STORE__MAX_READ_UNITS": "2", "OMNIX_STORE__SEGMENTS": "1"}
    command = [sys.executable, "-m", "omnix_cli", "import", "purchases", "--from", "dynamodb"]
    process = subprocess.Popen(command, env={**os.environ, **slow}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(pages.stat().st_size for pages in Path(".omnix").glob("scans/*/*.pages")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    found = imported(omnix, "purchases")
    assert "resuming the scan" in found["err"]
    assert f"{len(items)} items read" not in found["err"]
    assert (found["read"], found["accepted"]) == (50, 50)
    assert sorted(row["purchase_id"] for row in standing("purchases")) == sorted(row["id"] for row in items)


def test_refused_imports_leave_nothing(omnix: Omnix, tables: Any) -> None:
    tables.put_many("purchase-history", [item(1, quantity="two")])
    assert omnix("import", "purchases", "--from", "dynamodb").code == 3
    assert not list(Path(".omnix/scans").iterdir())
    assert omnix("import", "customers", "--from", "dynamodb", "--dry-run").code == 0


def test_the_embedded_store_is_read_the_same_way(omnix: Omnix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMNIX_STORE__PATH", "store.sqlite")
    store = SqliteStore(Path("store.sqlite"), stage="dev")
    store.create_tables()
    store.put_many("purchase-history", [item(1), item(2, quantity="two"), item(3)])
    store.close()
    answer = omnix("import", "purchases", "--from", "sqlite", "--max-bad", "0.5")
    assert answer.code == 0, answer.err
    assert "3 rows read = 2 accepted + 1 quarantined" in answer.err
    assert f"id={item(2)['id']}: two" in answer.err


KEYS = ("dup", "dup ", " dup", "\u00a0dup", "DUP", "'dup", '="dup"', "1.5E+10", "NULL", "007", "7", "7.0")
"""Keys that a spreadsheet would spoil or make equal: each is an item of its own."""


@pytest.mark.parametrize("kind", ["dynamodb", "sqlite"])
def test_keys_stay_as_they_are(omnix: Omnix, tables: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "sqlite":
        monkeypatch.setenv("OMNIX_STORE__PATH", "store.sqlite")
        monkeypatch.setenv("OMNIX_STORE__STAGE", "dev")
    store = SqliteStore(Path("store.sqlite")) if kind == "sqlite" else tables
    store.create_tables()
    store.put_many("purchase-history", [{**item(1), "id": key, "customerId": key.replace("NULL", "c")} for key in KEYS])
    store.put_many("products", [{"id": key, "name": "Milk"} for key in KEYS])
    for what, column in (("purchases", "purchase_id"), ("products", "product_id")):
        answer = omnix("import", what, "--from", kind)
        assert answer.code == 0, answer.err
        assert sorted(row[column] for row in standing(what)) == sorted(KEYS)
    assert {row["customer_id"] for row in standing("purchases")} == {*KEYS, "c"} - {"NULL"}


@pytest.mark.parametrize(
    "arguments",
    [("purchases",), ("purchases", "a.csv", "--from", "dynamodb"), ("orders", "--from", "sqlite")],
    ids=["neither", "both", "orders"],
)
def test_either_files_or_a_table(omnix: Omnix, arguments: tuple[str, ...]) -> None:
    assert omnix("import", *arguments).code == 2


def test_a_table_is_a_source_of_the_nightly_job(tables: Any, ministack: str) -> None:
    tables.put_many("purchase-history", [item(number) for number in range(4)])
    Path("omnix.toml").write_text('[[imports.sources]]\nkind = "purchases"\nstore = "dynamodb"\n')
    settings = load_settings(file=Path("omnix.toml"), environment=os.environ).values
    (record,) = Workspace(settings, now=lambda: datetime.now(UTC)).import_sources()
    assert (record.name, record.status, record.rows_in, record.rows_out) == ("import purchases", "ran", 4, 4)


def test_a_complete_table_withdraws_what_it_lacks_and_the_data_is_checked(omnix: Omnix, tables: Any) -> None:
    """A resumed scan must not pass for the whole table: the second one reads it anew."""
    products = [{"id": f"p{number}", "name": f"Product {number}", "category": "Food"} for number in range(4)]
    tables.put_many("products", products)
    tables.put_many("purchase-history", [item(number) for number in (1, 2, 3, 9)])
    assert imported(omnix, "purchases")["accepted"] == 4
    assert imported(omnix, "products", "--complete")["accepted"] == 4
    tables.delete_many("products", ["p3"])
    again = imported(omnix, "products", "--complete")
    assert "1 product is withdrawn, since these files lack it: p3" in again["err"]
    withdrawn = {product["product_id"]: product["withdrawn"] for product in standing("products")}
    assert withdrawn.pop("p3") is True
    assert not any(withdrawn.values())
    answer = omnix("check", "data", "--format", "json")
    assert answer.code == 0, answer.err
    (found,) = orjson.loads(answer.out)
    assert found["text"].startswith("3 of 4 bought products are in the catalogue (not p9)")
