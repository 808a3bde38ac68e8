"""The privacy report against the bytes that leave: each field that it names is in them, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.errors import PartialError
from omnix_cli.predictors.bedrock.personal_data import pseudonym
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt, load_prompt
from omnix_cli.services.privacy.outgoing_data import AS_IS, PSEUDONYM
from omnix_cli.services.publishing.list_items import ATTRIBUTES
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.bedrock import BedrockDouble
from tests.cli.conftest import CUSTOMERS, write_shop

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
MEANINGS = {
    "customer": "customer_id",
    "shopping_days": "shopping_days",
    "first_day": "first_day",
    "last_day": "last_day",
    "amount": "spend",
    "product_id": "product_id",
    "name": "name",
    "category": "category",
    "days": "purchase_days",
    "last": "last_day",
    "gaps": "gap_days",
    "quantity": "typical_quantity",
    "expected": "next_expected_date",
    "first": "date_p10",
    "final": "date_p90",
    "every": "interval_days",
}
"""What stands at each place of a prompt, and the field it is."""
NAMES = ("product_id", "name", "category")


def opened(folder: Path, **settings: Any) -> Workspace:
    given = {"bedrock.pseudonym_secret": SECRET, "bedrock.region": "eu-west-1", **settings}
    return open_workspace(folder / "w", settings=given, now=lambda: NOW)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path)
    (tmp_path / "customers.csv").write_text(
        "customer_id,consent_ai_analysis\n" + "".join(f"{one},true\n" for one in CUSTOMERS[:3])
    )
    for kind in ("products", "customers", "purchases"):
        opened(tmp_path).imports.files(kind, str(tmp_path / f"{kind}.csv"))
    return tmp_path


def as_pattern(form: str) -> str:
    """A form of a prompt, with what stands at its places as named groups."""
    parts = re.split(r"\{(\w+)\}", form)
    return "".join(f"(?P<{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))


def seen_in(bodies: list[dict[str, Any]]) -> set[str]:
    """The fields in requests to a model; fails where there is anything else."""
    forms = load_prompt("replenishment").forms
    customer = as_pattern(forms["customer"]).replace("(?P<spend>.*?)", f"(?:{as_pattern(forms['spend'])})?")
    seen = set[str]()
    for body in bodies:
        assert [part["text"] for part in body["system"] if "text" in part] == [forms["system"]]
        text = "\n".join(part["text"] for turn in body["messages"] for part in turn["content"])
        head = re.match(as_pattern(forms["opening"]) + r"\n" + customer + r"\n", text + "\n", re.DOTALL)
        assert head, text
        assert all(re.fullmatch(r"\S+", value) for value in head.groupdict().values() if value), text
        seen |= {MEANINGS[name] for name, value in head.groupdict().items() if value and name in MEANINGS}
        lines = text[head.end() :].splitlines()
        assert lines
        for line in lines:
            product = re.fullmatch(as_pattern(forms["product"]), line)
            assert product and line.count("|") == forms["product"].count("|"), line
            figures = {name: value for name, value in product.groupdict().items() if name not in NAMES and value}
            assert all(re.fullmatch(r"[\d.,-]+", value) for value in figures.values()), line
            seen |= {MEANINGS[name] for name, value in product.groupdict().items() if value}
        assert not any(one in json.dumps(body) for one in CUSTOMERS)
    return seen


ASKING = {"prediction.predictor": "bedrock", "prediction.gate": False, "bedrock.min_purchase_days": 2}


def test_the_report_names_what_the_model_is_sent_and_nothing_else(shop: Path, bedrock: BedrockDouble) -> None:
    settings = {**ASKING, "bedrock.endpoint_url": bedrock.url, "bedrock.metadata": {"team": "retail"}}
    opened(shop, **settings).predict()
    bodies = [json.loads(body) for body in bedrock.bodies()]
    assert len(bodies) == 3
    seen = seen_in(bodies)
    report = opened(shop, **settings).privacy.report()
    told = {one.field: one for one in report.leaves if one.service == "Amazon Bedrock"}
    assert {name for name in told if not name.startswith("bedrock.")} == seen
    assert told["customer_id"].form == PSEUDONYM and {told[name].form for name in seen - {"customer_id"}} == {AS_IS}
    name = pseudonym(SecretStr(SECRET))
    assert {name(one) for one in CUSTOMERS[:3]} == {
        one for one in map(name, CUSTOMERS) if any(one in json.dumps(body) for body in bodies)
    }
    assert all(body["requestMetadata"] == {"team": "retail"} for body in bodies) and "bedrock.metadata.team" in told
    assert {one.region for one in told.values()} == {f"eu-west-1, at {bedrock.url}"}
    assert {one.active for one in told.values()} == {True}


PLANTED: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "a line of a customer": ("_customer", lambda subject, text: text.replace("\n", "\nlives in Rome\n", 1)),
    "an end of a line": ("_customer", lambda subject, text: text + ", aged 44"),
    "a field of a product": ("_product", lambda row, text: f"{text}|{row.name}"),
    "an id": ("_customer", lambda subject, text: text.replace("customer ", f"customer {subject.customer_id} ", 1)),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_field_that_somebody_adds_to_a_prompt_is_noticed(
    shop: Path, bedrock: BedrockDouble, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, plant = PLANTED[what]
    real = getattr(Prompt, builder)
    monkeypatch.setattr(
        Prompt,
        builder,
        lambda self, one, *others: plant(one, real(self, one, *others)),  # the data, then what was sent
    )
    with suppress(PartialError):  # the double does not know such a prompt
        opened(shop, **ASKING, **{"bedrock.endpoint_url": bedrock.url}).predict()
    bodies = [json.loads(body) for body in bedrock.bodies()]
    assert bodies
    report = opened(shop, **ASKING, **{"bedrock.endpoint_url": bedrock.url}).privacy.report()
    told = {one.field for one in report.leaves if one.service == "Amazon Bedrock"}
    with pytest.raises(AssertionError):
        assert seen_in(bodies) <= told


def test_it_names_what_is_published_and_nothing_else(shop: Path) -> None:
    opened(shop).run()
    names = set[str]()
    with closing(SqliteStore(shop / "w" / "store.sqlite")) as store:
        for item in store.scan("recommendations"):
            if "contentHash" in item:
                names |= {name for name in item if name != "recommendations"}
                names |= {f"recommendations.{name}" for entry in item["recommendations"] for name in entry}
    assert set(ATTRIBUTES) - names <= {"recommendations.nextExpectedDate"}, "of what is overdue"
    assert names <= set(ATTRIBUTES)
    report = opened(shop, **{"store.kind": "dynamodb", "store.region": "eu-central-1"}).privacy.report()
    published = {one.field for one in report.leaves if one.command == "run, publish"}
    assert published == set(ATTRIBUTES)
    assert {one.region for one in report.leaves if one.command == "run, publish"} == {"eu-central-1"}


def test_nothing_leaves_a_workspace_without_services(shop: Path) -> None:
    report = opened(shop).privacy.report()
    assert [one for one in report.leaves if one.active] == []


def test_profiles_that_cross_regions_are_told(shop: Path) -> None:
    settings = {"bedrock.model": "eu.amazon.nova-lite-v1:0", "prediction.predictor": "auto"}
    settings |= {"bedrock.batch.location": "s3://here/batch", "bedrock.batch.role_arn": "arn:aws:iam::1:role/r"}
    report = opened(shop, **settings).privacy.report()
    services = {one.service: one.region for one in report.leaves if one.active}
    assert services["Amazon Bedrock"] == "any region of eu"
    assert {name.partition(" (")[0] for name in services} == {"Amazon Bedrock", "S3: s3://here/batch"}
    raw = [one for one in report.leaves if one.field == "customers"]
    assert len(raw) == 1 and raw[0].form == AS_IS and "questions.jsonl" in raw[0].service


def test_floors_name_the_steps_that_keep_to_them(shop: Path) -> None:
    floors = {floor.setting: floor for floor in opened(shop, **{"privacy.min_customers": 7}).privacy.report().floors}
    assert floors["privacy.min_customers"].value == 7
    assert set(floors["privacy.min_customers"].steps) >= {"similarity", "popularity", "predict", "recommend"}
    assert floors["similarity.min_support"].steps == ("similarity",)


def test_a_shared_workspace_is_told(shop: Path) -> None:
    report = opened(shop, shared_workspace="s3://here/team", **{"s3.region": "eu-west-3"}).privacy.report()
    fields = {one.field: one for one in report.leaves if one.service == "S3: s3://here/team"}
    assert fields["purchases.customer_id"].region == "eu-west-3" and fields["purchases.customer_id"].form == AS_IS
