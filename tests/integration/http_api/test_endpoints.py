"""What each endpoint answers, on either store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.services.customers.customer_side import TABLES
from tests.aws.accounts import store_maker
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import Door

LINE = {"productId": "milk", "unitPrice": 1.1, "purchaseDate": "2018-01-10T10:00:00Z"}


@pytest.fixture(params=["sqlite", "dynamodb"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    if request.param == "sqlite":
        yield Door(tmp_path)
        return
    request.getfixturevalue("aws_environment")
    with closing(store_maker(request.getfixturevalue("ministack"))()) as store:
        store.create_tables(TABLES)
        yield Door(tmp_path, opened=store)


def test_a_customer_is_registered_read_and_changed(door: Door) -> None:
    created = door.call("POST", "/v1/customers/register", json={"customerId": "zoe", "demographics": {"age": 30}})
    assert created.status_code == 201
    again = door.call("POST", "/v1/customers/register", json={"customerId": "zoe", "demographics": {"age": 30}})
    assert (again.status_code, again.json()) == (201, created.json())
    other = door.call("POST", "/v1/customers/register", json={"customerId": "zoe"})
    assert (other.status_code, other.json()["error"]) == (409, "conflict")
    read = door.call("GET", "/v1/customers/zoe/profile")
    assert (read.status_code, read.json()) == (200, created.json())
    changed = door.call("PATCH", "/v1/customers/zoe/preferences", json={"brandPreferences": ["Alp"]})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert door.call("PATCH", "/v1/customers/zoe/consent", json={"aiAnalysis": False}).json()["version"] == 3


def test_an_error_has_one_shape(door: Door) -> None:
    answers = [
        door.call("GET", "/v1/customers/nobody/profile", headers={"X-Request-Id": "r-1"}),
        door.call("GET", "/nowhere", headers={"X-Request-Id": "r-1"}),
        door.call("DELETE", "/v1/customers/zoe/profile", headers={"X-Request-Id": "r-1"}),
        door.call("POST", "/v1/customers/register", json={"customerId": 7}, headers={"X-Request-Id": "r-1"}),
        door.call("POST", "/v1/customers/register", content=b"{", headers={"X-Request-Id": "r-1"}),
        door.call("GET", "/v1/customers/zoe/purchases?limit=501", headers={"X-Request-Id": "r-1"}),
        door.call("GET", "/recommendations/customers/zoe?context=attic", headers={"X-Request-Id": "r-1"}),
    ]
    assert [one.status_code for one in answers] == [404, 404, 405, 422, 415, 422, 422]
    for one in answers:
        assert one.json().keys() == {"error", "message", "details", "requestId"}
        assert one.json()["requestId"] == one.headers["x-request-id"] == "r-1"
    assert answers[3].json()["details"] == [{"field": "customerId", "reason": "should be a valid string"}]


def test_the_id_of_a_request_is_not_taken_from_everybody(door: Door) -> None:
    made = door.call("GET", "/healthz", headers={"X-Request-Id": "two\twords"}).headers["x-request-id"]
    assert len(made) == 32


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"customerId": "a", "customerId": "b"}', "given twice"),
        (b'{"a": NaN}', "NaN"),
        (b"\xff", "JSON"),
        (b"", "JSON"),
    ],
)
def test_a_body_that_is_no_exact_json_is_malformed(door: Door, content: bytes, reason: str) -> None:
    answer = door.call("POST", "/v1/customers/register", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
    assert reason in answer.json()["message"]


def test_money_is_exact_in_and_out(door: Door) -> None:
    body = b'{"productId": "milk", "unitPrice": 99999999999999.99, "purchaseDate": "2018-01-10T10:00:00Z"}'
    kind = {"content-type": "application/json"}
    assert door.call("POST", "/v1/customers/zoe/purchases", content=body, headers=kind).status_code == 201
    assert '"unitPrice":99999999999999.99' in door.call("GET", "/v1/customers/zoe/purchases").text


def test_pages_of_purchases(door: Door) -> None:
    lines = [LINE | {"purchaseDate": f"2018-01-0{day}T10:00:00Z"} for day in (1, 2, 3)]
    imported = door.call("POST", "/v1/customers/zoe/purchases/import", json={"purchases": [*lines, {"productId": "x"}]})
    assert (imported.status_code, imported.json()["refused"]) == (200, 1)
    assert imported.json()["results"][3]["reason"] == "unitPrice: is missing"
    first = door.call("GET", "/v1/customers/zoe/purchases?limit=2").json()
    rest = door.call("GET", f"/v1/customers/zoe/purchases?limit=2&cursor={first['nextCursor']}").json()
    assert [item["purchaseDate"][8:10] for item in first["items"] + rest["items"]] == ["03", "02", "01"]
    assert rest["nextCursor"] is None
    assert door.call("GET", "/v1/customers/nobody/purchases").json() == {"items": [], "nextCursor": None}
    wrong = door.call("GET", "/v1/customers/zoe/purchases?cursor=abc")
    assert (wrong.status_code, wrong.json()["error"]) == (422, "invalid")
    refused = door.call("POST", "/v1/customers/zoe/purchases", json={"productId": "x"})
    assert refused.json()["details"] == [{"field": "unitPrice", "reason": "is missing"}]


@pytest.mark.parametrize(
    ("field", "written", "status"),
    [
        ("rating", "4.0", 201),
        ("rating", "4.5", 422),
        ("rating", "1e999999999", 422),
        ("rating", "true", 422),
        ("quantity", "1000000", 422),  # times the price no store has room for it
        ("quantity", "10", 201),
        ("quantity", "1e999999999", 422),
    ],
)
def test_numbers_that_are_just_possible(door: Door, field: str, written: str, status: int) -> None:
    body = f'{{"productId": "milk", "unitPrice": 100000000000000, "{field}": {written}}}'.encode()
    answer = door.call(
        "POST", "/v1/customers/zoe/purchases", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status


def test_interactions(door: Door) -> None:
    event = {"productId": "milk", "interactionType": "view", "id": "i-1"}
    created = door.call("POST", "/v1/customers/zoe/interactions", json=event)
    again = door.call("POST", "/v1/customers/zoe/interactions", json=event)
    assert (created.status_code, again.status_code, again.json()) == (201, 201, created.json())
    other = door.call("POST", "/v1/customers/zoe/interactions", json=event | {"productId": "tea"})
    assert other.status_code == 409
    assert door.call("GET", "/v1/customers/zoe/interactions").json()["items"] == [created.json()]


def publish(door: Door) -> None:
    due: dict[str, Any] = {"predictedPurchaseDate": "2018-01-16", "confidence": 1, "urgency": "urgent"}
    item = published("zoe#replenishment", ["milk"], customerId="zoe")
    item["recommendations"][0] |= due
    lists = [published("zoe#homepage", ["milk", "tea"], customerId="zoe"), published("similar#milk", ["tea"]), item]
    shared = [published("popular#all", ["bread"], algorithmType="popular"), published("trending#all", ["jam"])]
    door.store.put_many("recommendations", [*lists, *shared, published("seasonal#winter", ["soup"])])


def test_lists(door: Door) -> None:
    publish(door)
    own = door.call("GET", "/recommendations/customers/zoe?limit=1").json()
    assert own.keys() == {"recommendations", "reason", "algorithm", "confidence", "generatedAt"}
    assert [one["product"]["id"] for one in own["recommendations"]] == ["milk"]
    assert door.call("GET", "/recommendations/customers/nobody").json()["algorithm"] == "popular"
    assert door.call("GET", "/recommendations/products/milk/similar").json()["recommendations"][0]["tags"] == ["t"]
    assert door.call("GET", "/recommendations/products/gold/similar").status_code == 404
    assert [one["product"]["id"] for one in door.call("GET", "/recommendations/trending").json()] == ["jam"]
    assert [one["product"]["id"] for one in door.call("GET", "/recommendations/seasonal").json()] == ["soup"]
    assert door.call("GET", "/recommendations/seasonal?season=summer").json() == []
    sent = door.call("POST", "/recommendations/feedback", json={"customerId": "zoe", "status": "dismissed"})
    assert (sent.status_code, sent.json()["status"]) == (200, "dismissed")


def test_predictions(door: Door) -> None:
    publish(door)
    (pattern,) = door.call("GET", "/v1/customers/zoe/consumption-predictions").json()["patterns"]
    assert (pattern["productId"], pattern["predictedNextPurchaseDate"]) == ("milk", "2018-01-16")
    assert door.call("GET", "/v1/customers/zoe/replenishment-alerts").json() == {"urgent": [pattern], "upcoming": []}
    one = door.call("GET", "/v1/customers/zoe/purchase-prediction/milk")
    assert one.json()["predictedDate"] == "2018-01-16"
    assert door.call("GET", "/v1/customers/zoe/purchase-prediction/gold").status_code == 404


def test_a_read_writes_nothing(door: Door) -> None:
    publish(door)
    before = {table: list(door.store.scan(table)) for table in ("recommendations", "customer-profiles")}
    for path in ("customers/zoe", "customers/nobody", "products/milk/similar", "trending", "seasonal"):
        assert door.call("GET", f"/recommendations/{path}").status_code == 200
    assert {table: list(door.store.scan(table)) for table in before} == before


def test_who_has_the_list_already_gets_no_body(door: Door) -> None:
    publish(door)
    first = door.call("GET", "/recommendations/customers/zoe")
    again = door.call("GET", "/recommendations/customers/zoe", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    door.store.put_many("recommendations", [published("zoe#homepage", ["tea"], customerId="zoe")])
    changed = door.call("GET", "/recommendations/customers/zoe", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"] != first.headers["etag"]) == (200, True)


def test_a_change_of_another_version_is_refused(door: Door) -> None:
    tag = door.call("POST", "/v1/customers/register", json={"customerId": "zoe"}).headers["etag"]
    change = {"brandPreferences": ["Alp"]}
    changed = door.call("PATCH", "/v1/customers/zoe/preferences", json=change, headers={"If-Match": f'"x", {tag}'})
    assert changed.status_code == 200
    late = door.call("PATCH", "/v1/customers/zoe/preferences", json={}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["error"]) == (412, "precondition_failed")
    fine = door.call("PATCH", "/v1/customers/zoe/preferences", json={}, headers={"If-Match": changed.headers["etag"]})
    assert fine.status_code == 200


def test_a_long_answer_is_packed(door: Door) -> None:
    publish(door)
    items = [f"product {number}" for number in range(100)]
    door.store.put_many("recommendations", [published("zoe#homepage", items, customerId="zoe")])
    answer = door.call("GET", "/recommendations/customers/zoe?limit=100", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["recommendations"]) == 100


def test_every_answer_has_the_headers_that_keep_browsers_safe(door: Door) -> None:
    for path in ("/healthz", "/nowhere", "/recommendations/trending"):
        headers = door.call("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_figures_name_no_customer(door: Door) -> None:
    door.call("GET", "/v1/customers/zoe-secret/profile")
    figures = door.call("GET", "/metrics").text
    assert 'omnix_requests_total{endpoint="/v1/customers/{customer}/profile",method="GET",status="404"} 1.0' in figures
    assert "zoe-secret" not in figures


def test_logs_name_no_customer(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        door.call("GET", "/v1/customers/zoe-secret/profile?cursor=secret")
        door.call("POST", "/v1/customers/register", json={"customerId": "zoe-secret", "shoe": 7})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("omnix_cli")]
    assert len(ours) == 2 and not any("secret" in line for line in ours)


def test_a_fault_of_the_store_says_nothing_about_itself(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(door.store, "get", broken)
    answer = door.call("GET", "/v1/customers/zoe/profile")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "1234" not in answer.text
    (line,) = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert (line["request_id"], line["error"]) == (answer.json()["requestId"], "RuntimeError")
    assert line["at"].startswith("test_endpoints.py:") and "1234" not in line["msg"]


def test_readiness_is_that_of_the_store(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnix_cli.errors import UnavailableError

    def gone(*arguments: Any, **options: Any) -> None:
        raise UnavailableError("there is no disk")

    assert door.call("GET", "/readyz").status_code == 200
    monkeypatch.setattr(door.store, "get", gone)
    answer = door.call("GET", "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert door.call("GET", "/healthz").status_code == 200


def test_the_description_has_an_example_of_every_body(door: Door) -> None:
    described = json.loads(door.call("GET", "/openapi.json").text)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody")
            assert (body is not None) == (method in ("post", "patch")), path
            if body:
                example = body["content"]["application/json"]["example"]
                url = path.replace("{customer}", "zoe")
                door.call("POST", "/v1/customers/register", json={"customerId": "zoe", "demographics": {"age": 50}})
                publish(door)
                assert door.call(method, url, json=example).status_code in (200, 201, 404), path
