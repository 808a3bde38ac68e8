"""The nightly run removes what is older than the settings of retention allow, and nothing else."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.services.customers.order_states import OrderEvent
from omnix_cli.services.privacy import retention
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.cli.conftest import write_shop
from tests.questions import question, reply

FIRST = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
LATER = FIRST + timedelta(days=40)


def opened(folder: Path, now: datetime, **settings: Any) -> Workspace:
    given = {name.replace("__", "."): value for name, value in settings.items()}
    return open_workspace(folder / "w", settings={"imports.max_bad": 1, **given}, now=lambda: now)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path)
    (tmp_path / "bad.csv").write_text("customer_id,product_id,purchased_at,quantity\nc01,milk,2017-12-01,much\n")
    (tmp_path / "bad2.csv").write_text("customer_id,product_id,purchased_at,quantity\nc02,milk,2017-12-01,many\n")
    early = opened(tmp_path, FIRST)
    early.imports.files("products", str(tmp_path / "products.csv"))
    early.imports.files("purchases", [str(tmp_path / "purchases.csv"), str(tmp_path / "bad.csv")])
    early.run()
    opened(tmp_path, FIRST + timedelta(days=1)).run(as_of="2018-01-02")
    opened(tmp_path, LATER - timedelta(days=2)).imports.files("purchases", str(tmp_path / "bad2.csv"))
    return tmp_path


def test_without_settings_everything_stays(shop: Path) -> None:
    opened(shop, LATER).run()
    assert opened(shop, LATER).quarantine.show().rows.height == 2
    assert len(opened(shop, LATER).runs.list()) == 3


def test_quarantined_rows(shop: Path) -> None:
    before = opened(shop, LATER).frame("purchases")
    opened(shop, LATER, retention__quarantine_days=30).run()
    rows = opened(shop, LATER).quarantine.show().rows
    assert rows["file"].to_list() == [str(shop / "bad2.csv")]
    assert opened(shop, LATER).frame("purchases").equals(before)
    again = opened(shop, LATER, retention__quarantine_days=30).run()
    assert {step.status for step in again.steps if step.name != "publish"} == {"reused"}


def test_runs_and_their_results(shop: Path) -> None:
    opened(shop, LATER, retention__run_days=30).run()
    runs = opened(shop, LATER).runs.list()
    assert [run.started_at for run in runs] == [LATER, FIRST + timedelta(days=1)]
    opened(shop, LATER + timedelta(days=1), retention__run_days=30).run()
    assert all(run.started_at >= LATER for run in opened(shop, LATER).runs.list())
    assert opened(shop, LATER).frame("predictions").height


def test_answers(shop: Path) -> None:
    old, new = question("c01"), question("c02")
    with SqliteAnswers(shop / "w" / "answers.sqlite", now=lambda: LATER) as answers:
        answers.keep(reply(old, replied_at=FIRST), old)
        answers.keep(reply(new, replied_at=LATER - timedelta(days=1)), new)
    opened(shop, LATER, retention__answer_days=30).run()
    with SqliteAnswers(shop / "w" / "answers.sqlite", now=lambda: LATER) as answers:
        assert set(answers.replies([old.key, new.key])) == {new.key}


def test_lines_of_the_log(shop: Path) -> None:
    log = shop / "w" / "logs" / "omnix.log"
    log.parent.mkdir(exist_ok=True)
    events = [{"time": moment.isoformat(), "message": f"at {moment}"} for moment in (FIRST, LATER)]
    log.write_text("".join(json.dumps(event) + "\n" for event in events) + "no event\n")
    opened(shop, LATER, retention__log_days=30).run()
    assert log.read_text() == json.dumps(events[1]) + "\nno event\n"


def test_interactions_that_expired(shop: Path) -> None:
    with opened(shop, FIRST, retention__interaction_days=10).customers() as customers:
        customers.record_interaction("c01", {"productId": "milk", "interactionType": "view"})
    with opened(shop, LATER, retention__interaction_days=10).customers() as customers:
        customers.record_interaction("c01", {"productId": "tea", "interactionType": "view"})
    opened(shop, LATER, retention__interaction_days=10).run()
    with closing(SqliteStore(shop / "w" / "store.sqlite")) as store:
        assert [item["productId"] for item in store.scan("product-interactions")] == ["tea"]


def test_states_of_orders_whose_purchases_stay(shop: Path) -> None:
    order = {"id": "R-1", "customerId": "c01", "orderDate": FIRST.isoformat(), "status": "completed"}
    document = {**order, "items": [{"productId": "milk", "quantity": 1, "unitPrice": 2}]}
    with opened(shop, FIRST, retention__order_days=10).customers() as customers:
        customers.apply_orders([OrderEvent(document)])
    with opened(shop, LATER, retention__order_days=10).customers() as customers:
        customers.apply_orders([OrderEvent({**document, "id": "R-2"})])
        (late,) = customers.apply_orders([OrderEvent({**document, "status": "cancelled"})])
    assert late.status == "applied", "a state that has expired counts until it is deleted"
    opened(shop, LATER + timedelta(days=11), retention__order_days=10).run()
    with closing(SqliteStore(shop / "w" / "store.sqlite")) as store:
        assert list(store.scan("order-states")) == []
        assert [item["orderId"] for item in store.scan("purchase-history")] == ["R-2"]


def test_what_was_removed_is_in_the_log(shop: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger=retention.__name__):
        opened(shop, LATER, retention__run_days=30, retention__quarantine_days=30).run()
    assert "retention: removed 1 quarantined rows, 1 runs" in caplog.text


def test_a_dry_run_removes_nothing(shop: Path) -> None:
    with opened(shop, FIRST, retention__interaction_days=10).customers() as customers:
        customers.record_interaction("c01", {"productId": "milk", "interactionType": "view"})
    limits = {"retention__quarantine_days": 30, "retention__run_days": 1, "retention__interaction_days": 10}
    would = opened(shop, LATER, **limits).run(dry_run=True).steps[0]
    assert (would.name, would.status) == ("retention", "pending")
    assert would.reason.startswith("would remove 1 quarantined rows, 1 runs, 1 expired interactions")
    assert opened(shop, LATER).quarantine.show().rows.height == 2
    assert len(opened(shop, LATER).runs.list()) == 2
    did = opened(shop, LATER, **limits).run()
    assert did.steps[0].reason.startswith("removed 1 quarantined rows, 1 runs, 1 expired interactions")
    shown = opened(shop, LATER).runs.show()
    assert shown.steps[0].name == "retention", "and the record of the run says so"
    assert "quarantined" not in opened(shop, LATER, **limits).run().steps[0].reason
