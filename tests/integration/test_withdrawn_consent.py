"""Consent that a customer withdraws in the store takes effect with the next run."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.errors import Interrupted
from omnix_cli.services.customers.customer_side import TABLES
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import write_shop

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"


def opened(folder: Path, **settings: Any) -> Workspace:
    given = {"bedrock.pseudonym_secret": SECRET, **settings}
    return open_workspace(folder / "w", settings=given, now=lambda: NOW)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path)
    for kind in ("products", "purchases"):
        opened(tmp_path).imports.files(kind, str(tmp_path / f"{kind}.csv"))
    return tmp_path


def test_the_lists_go_with_the_next_run(shop: Path) -> None:
    with opened(shop).customers() as customers:
        customers.register({"customerId": "c01"})
    opened(shop).run()
    with opened(shop).customers() as customers:
        assert customers.recommendations("c01").algorithm != "popular"
        assert customers.consumption_predictions("c01")
        customers.set_consent("c01", {"personalisation": False})
    opened(shop).run()
    with opened(shop).customers() as customers:
        found = customers.recommendations("c01")
        assert (found.algorithm, len(found.recommendations) > 2) == ("popular", True)
        assert found.reason.startswith("popular products")
        assert customers.consumption_predictions("c01") == []
        assert customers.recommendations("c01", context="replenishment").recommendations == []
        assert customers.recommendations("c01", context="usual").recommendations == []
        assert customers.recommendations("c02").algorithm == "personal"
    with closing(SqliteStore(shop / "w" / "store.sqlite")) as store:
        assert [item["id"] for item in store.scan("recommendations") if item["id"].startswith("c01#")] == []
    assert set(opened(shop).recommendations("c01")["shelf"]) == {"fallback"}
    assert "c01" not in opened(shop).frame("predictions")["customer_id"]
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"personalisation": True})
    opened(shop).run()
    assert "c01" in opened(shop).frame("predictions")["customer_id"]


def test_nobody_is_asked_about_any_more(shop: Path, bedrock: BedrockDouble) -> None:
    settings = {
        "prediction.predictor": "bedrock",
        "prediction.gate": False,
        "bedrock.endpoint_url": bedrock.url,
        "bedrock.region": "us-east-1",
        "bedrock.min_purchase_days": 2,
    }
    with opened(shop).customers() as customers:
        for customer in ("c01", "c02"):
            customers.register({"customerId": customer, "consent": {"aiAnalysis": True}})
    opened(shop, **settings).predict()
    asked = set(opened(shop).frame("usage")["customer_id"])
    assert asked == {"c01", "c02"}
    before = len(bedrock.bodies("Converse"))
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"aiAnalysis": False})
    opened(shop, **settings).predict(force=True, as_of="2018-02-20")
    sent = bedrock.bodies("Converse")[before:]
    assert set(opened(shop).frame("usage")["customer_id"]) == {"c02"}
    assert len(sent) == 1 and "c01" not in json.dumps([body.decode() for body in sent])


def test_a_no_in_an_imported_profile_counts_too(shop: Path) -> None:
    (shop / "customers.csv").write_text(
        "customer_id,consent_personalisation,dietary_restrictions\nc01,false,\nc02,true,vegan\nc03,,\n"
    )
    opened(shop).imports.files("customers", str(shop / "customers.csv"))
    with opened(shop).customers() as customers:
        for customer, agrees in (("c01", True), ("c02", False), ("c03", False), ("c04", False)):
            customers.register({"customerId": customer, "consent": {"personalisation": agrees}})
    opened(shop).run()
    predicted = set(opened(shop).frame("predictions")["customer_id"])
    assert predicted.isdisjoint({"c01", "c02", "c03", "c04"}) and len(predicted) == 8


def test_profiles_of_the_store_are_imported_as_a_source(shop: Path) -> None:
    source = {"imports.sources": [{"kind": "customers", "store": "sqlite"}]}
    with opened(shop).customers() as customers:
        customers.register({"customerId": "c01", "demographics": {"age": 44}})
    opened(shop, **source).run()
    assert opened(shop).profile("c01")["age"].to_list() == [44]
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"personalisation": False})
    opened(shop, **source).run()
    assert opened(shop).profile("c01")["consent_personalisation"].to_list() == [False]
    assert "c01" not in opened(shop).frame("predictions")["customer_id"]
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"personalisation": True})
    opened(shop, **source).run()
    assert "c01" in opened(shop).frame("predictions")["customer_id"]


def test_in_dynamodb_it_counts_without_a_source(shop: Path, ministack: str, aws_environment: None) -> None:
    with closing(store_maker(ministack)()) as store:
        settings = {"store.kind": "dynamodb", "store.endpoint_url": ministack, "store.stage": store.stage}
        store.create_tables(TABLES)
        with opened(shop, **settings).customers() as customers:
            customers.register({"customerId": "c01"})
        opened(shop, **settings).run()
        with opened(shop, **settings).customers() as customers:
            assert customers.recommendations("c01").algorithm == "personal"
            customers.set_consent("c01", {"personalisation": False})
        opened(shop, **settings).run()
        with opened(shop, **settings).customers() as customers:
            assert customers.recommendations("c01").algorithm == "popular"
        assert not [item for item in store.scan("recommendations") if item.get("customerId") == "c01"]
        assert "c01" not in opened(shop, **settings).frame("predictions")["customer_id"]


def test_where_profiles_are_not_read_that_is_told(
    shop: Path, ministack: str, aws_environment: None, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(store_maker(ministack)()) as store:
        settings = {"store.kind": "dynamodb", "store.endpoint_url": ministack, "store.stage": store.stage}
        store.create_tables(TABLES)
        opened(shop, **settings, **{"publish.profiles": False}).run()
    assert "what customers withdrew in the store is not known" in caplog.text


def test_lists_of_an_earlier_run_do_not_come_back(shop: Path) -> None:
    with opened(shop).customers() as customers:
        customers.register({"customerId": "c01"})
    opened(shop).run()
    first = opened(shop).runs.show().run_id
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"personalisation": False})
    opened(shop).run()
    opened(shop).roll_back(first)
    with opened(shop).customers() as customers:
        assert customers.recommendations("c01").algorithm == "popular"
        assert customers.recommendations("c02").algorithm == "personal"


def test_a_run_that_was_stopped_goes_on_without_the_customer(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnix_cli.services.publishing.publisher import Publisher

    def killed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with opened(shop).customers() as customers:
        customers.register({"customerId": "c01"})
    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "publish", killed)
        with pytest.raises((KeyboardInterrupt, Interrupted)):
            opened(shop).run()
    with opened(shop).customers() as customers:
        customers.set_consent("c01", {"personalisation": False})
    opened(shop).run()
    with opened(shop).customers() as customers:
        assert customers.recommendations("c01").algorithm == "popular"
