"""Ids of any kind in paths, other methods, and headers that decide about the answer."""

from __future__ import annotations

import http.client
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.settings import ApiSettings
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import Door, bearer, keyed, serving

IDS = (
    "a/b",
    "/",
    "a//b/",
    "a%b",
    "a%2Fb",
    "a%252Fb",
    "%",
    "../..",
    "...",
    "zoë ☕",
    "e\u0301",
    "x" * 256,
    "日本" * 128,
    "#?&=;+",
    "a b",
    "profile",
    "<b>",
)
ORIGIN = "https://shop.example.com"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    return Door(tmp_path_factory.mktemp("paths"))


def path_of(customer: str, rest: str = "profile") -> str:
    return f"/v1/customers/{quote(customer, safe='')}/{rest}"


@pytest.mark.parametrize("customer", IDS)
def test_an_id_may_have_any_character(tmp_path: Path, customer: str) -> None:
    door = Door(tmp_path, keyed())
    registered = door.call("POST", "/v1/customers/register", json={"customerId": customer}, headers=bearer(customer))
    assert registered.status_code == 201
    read = door.call("GET", path_of(customer), headers=bearer(customer))
    assert (read.status_code, read.json()["customerId"]) == (200, customer)
    due = published(f"{customer}#replenishment", [customer], customerId=customer)
    due["recommendations"][0] |= {"predictedPurchaseDate": "2018-01-16", "confidence": 1, "urgency": "urgent"}
    door.store.put_many("recommendations", [due])
    path = path_of(customer, f"purchase-prediction/{quote(customer, safe='')}")
    assert door.call("GET", path, headers=bearer(customer)).json()["predictedDate"] == "2018-01-16"
    for other in ("a", "b", quote(customer, safe="") + "x", customer[:-1] or "-"):
        assert door.call("GET", path_of(customer), headers=bearer(other)).status_code == 403


def test_equal_paths_are_one(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.call("POST", "/v1/customers/register", json={"customerId": "a/b"})
    for path in ("/v1/customers/a%2fb/profile", "/%76%31/customers/%61%2F%62/%70rofile"):
        assert door.call("GET", path).status_code == 200
    assert door.call("GET", "/v1/customers/a/b/profile").status_code == 404


@pytest.mark.parametrize("written", ["%FF", "a%2Fb%C3", "%ED%A0%80", "x" * 257, "%E6%97%A5" * 257])
def test_what_no_id_can_be_is_refused(tmp_path: Path, written: str) -> None:
    answer = Door(tmp_path).call("GET", f"/v1/customers/{written}/profile")
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert answer.json()["details"][0]["field"] == "customer"


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.binary(min_size=1, max_size=40), st.booleans())
def test_whatever_bytes_a_path_has_it_is_answered(door: Door, written: bytes, whole: bool) -> None:
    part = "".join(f"%{byte:02x}" for byte in written) if whole else quote(written, safe="%")
    answer = door.call("GET", f"/v1/customers/{part}/profile")
    assert answer.status_code in (404, 422)
    with suppress(UnicodeDecodeError):
        if whole:
            assert answer.json()["message"] == f"there is no customer {written.decode()!r}"


@pytest.mark.parametrize("path", ["/v1/customers//profile", "/v1/customers/zoe/profile/", "//v1/customers", "/%2F"])
def test_another_path_is_none(tmp_path: Path, path: str) -> None:
    answer = Door(tmp_path).call("GET", path)
    assert (answer.status_code, answer.json()["error"], answer.headers.get("location")) == (404, "not_found", None)


def test_the_server_reads_paths_as_they_were_sent(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as client,
    ):
        body = b'{"customerId": "a/b%2Fc"}'
        client.request("POST", "/v1/customers/register", body, {"Content-Type": "application/json"})
        assert client.getresponse().read().startswith(b'{"customerId":"a/b%2Fc"')
        client.request("GET", path_of("a/b%2Fc"))
        read = client.getresponse()
        assert (read.status, read.read().startswith(b'{"customerId":"a/b%2Fc"')) == (200, True)
        client.request("HEAD", path_of("a/b%2Fc"))
        head = client.getresponse()
        assert (head.status, head.headers["etag"], head.headers["content-length"], head.read()) == (
            200,
            read.headers["etag"],
            read.headers["content-length"],
            b"",
        )
        client.request("GET", "/healthz")  # the connection goes on
        assert client.getresponse().status == 200


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/metrics", "/v1/customers/zoe/profile", "/v1/customers/max/profile"]
)
def test_head_is_get_without_the_body(tmp_path: Path, path: str) -> None:
    door = Door(tmp_path)
    door.call("POST", "/v1/customers/register", json={"customerId": "zoe"})
    get, head = door.call("GET", path), door.call("HEAD", path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    ours = {"x-request-id", "content-length"}
    assert {**head.headers, **dict.fromkeys(ours)} == {**get.headers, **dict.fromkeys(ours)}
    assert bool(head.headers["content-length"])


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/customers/zoe/purchases", "GET, HEAD, POST"),
        ("/v1/customers/a%2Fb/interactions", "GET, HEAD, POST"),
        ("/v1/customers/zoe/consent", "PATCH"),
        ("/recommendations/trending", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "TRACE", "BREW"])
def test_other_methods_are_told_which_there_are(tmp_path: Path, method: str, path: str, allowed: str) -> None:
    answer = Door(tmp_path).call(method, path)
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


def test_conditional_requests(tmp_path: Path) -> None:
    door = Door(tmp_path)
    tag = door.call("POST", "/v1/customers/register", json={"customerId": "zoe"}).headers["etag"]
    for known, status in (
        (tag, 304),
        (f"W/{tag}", 304),
        (f'"x", {tag}', 304),
        ("*", 304),
        ('"x"', 200),
        (tag[1:], 200),
    ):
        for method in ("GET", "HEAD"):
            answer = door.call(method, "/v1/customers/zoe/profile", headers={"If-None-Match": known})
            assert (answer.status_code, answer.headers["etag"]) == (status, tag), known
    for wanted, status in (("*", 200), (f"W/{tag}, {tag}", 200), ('"x"', 412), ("", 412)):
        change = door.call("PATCH", "/v1/customers/zoe/preferences", json={}, headers={"If-Match": wanted})
        assert change.status_code == status, wanted
    missing = door.call("PATCH", "/v1/customers/max/preferences", json={}, headers={"If-Match": "*"})
    assert missing.status_code == 404


def test_what_is_packed(tmp_path: Path) -> None:
    door = Door(tmp_path)
    items = [f"product {number}" for number in range(100)]
    door.store.put_many("recommendations", [published("zoe#homepage", items)])
    path = "/recommendations/customers/zoe?limit=100"
    plain = door.call("GET", path, headers={"Accept-Encoding": "identity"})
    assert ("content-encoding" in plain.headers, "accept-encoding" in plain.headers["vary"].lower()) == (False, True)
    packed = door.call("GET", path, headers={"Accept-Encoding": "br, gzip"})
    assert (packed.headers["content-encoding"], packed.json()) == ("gzip", plain.json())
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    again = door.call("GET", path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


class TestOtherOrigins:
    ASKED = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}

    def test_they_are_let_in_by_the_setting(self, tmp_path: Path) -> None:
        door = Door(tmp_path, keyed(cors_origins=(ORIGIN,)))
        path = "/v1/customers/zoe/preferences"
        asked = door.call("OPTIONS", path, headers=self.ASKED)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, ORIGIN)
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in asked.headers
        refused = door.call("GET", "/v1/customers/zoe/profile", headers={"Origin": ORIGIN})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)
        assert "ETag" in refused.headers["access-control-expose-headers"]
        for origin in ("https://shop.example.com.evil.example", "http://shop.example.com", "null"):
            answer = door.call("OPTIONS", path, headers={**self.ASKED, "Origin": origin})
            assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (400, False)

    def test_nobody_is_let_in_without_it(self, tmp_path: Path) -> None:
        door = Door(tmp_path, ApiSettings())
        for method in ("OPTIONS", "GET"):
            answer = door.call(method, "/recommendations/trending", headers=self.ASKED)
            assert not any(name.startswith("access-control") for name in answer.headers)
