"""The API as its description says: whatever is sent, nothing fails and every answer has the shape that is promised."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import typer
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from omnix_cli.cli import app
from omnix_cli.serving.http_api.openapi import describe
from omnix_cli.serving.http_api.routes import customer_routes, health_routes, list_routes
from tests.integration.http_api.doors import SERVICE, Door, bearer, keyed

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
"""For each endpoint; more by hand: then they are others every time."""
HOW: dict[str, Any] = {
    "deadline": None,
    "derandomize": "EXAMPLES" not in os.environ,
    "database": None,
    "phases": [Phase.generate],  # what fails is short enough, and made shorter for minutes
    "suppress_health_check": list(HealthCheck),
}
UNDESCRIBED = re.compile(
    "is in the future|is before 1990|is not a cursor|at most 38 digits|bytes as JSON|max must be at least min"
    "|out of range|must not begin with|must be text"
)
"""Why a document may be refused that is as described: JSON Schema has no words for it."""


ROUTES = [*customer_routes.router.routes, *list_routes.router.routes, *health_routes.router.routes]
ENDPOINTS = [
    (method, route.path)
    for route in ROUTES
    if isinstance(route, APIRoute) and route.include_in_schema
    for method in sorted(route.methods)
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    door = Door(tmp_path_factory.mktemp("api"), keyed(service_requests=1_000_000, customer_requests=1_000_000))
    return schemathesis.openapi.from_asgi("/openapi.json", door.app)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_answer_is_as_described(described: Any, method: str, path: str) -> None:
    @given(described[path][method].as_strategy())
    @settings(max_examples=EXAMPLES, **HOW)
    def check(case: Any) -> None:
        answer = case.call_and_validate(headers=bearer(*SERVICE), excluded_checks=[positive_data_acceptance])
        assert answer.status_code != 401
        if answer.status_code == 422:
            assert UNDESCRIBED.search(answer.text), answer.text

    check()


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_what_is_not_as_described_is_refused_in_the_one_shape(described: Any, method: str, path: str) -> None:
    @given(described[path][method].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
    @settings(max_examples=EXAMPLES // 2, **HOW)
    def check(case: Any) -> None:
        case.call_and_validate(headers=bearer(*SERVICE), excluded_checks=[negative_data_rejection])

    try:
        check()
    except Unsatisfiable:
        assert path in ("/healthz", "/readyz"), "these take nothing that could be wrong"


def test_every_endpoint_is_documented_beside_its_command(tmp_path: Path) -> None:
    documented = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text()
    rows = re.findall(r"^\| `(GET|POST|PATCH) ([^`?]+)[^`]*` \| (?:`omnix ([a-z ]+)[^|]*)?", documented, re.MULTILINE)
    described = Door(tmp_path).call("GET", "/openapi.json").json()["paths"]
    known = {
        (method.upper(), re.sub(r"{customer}|(?<=products/){product}", "{id}", path))
        for path, all_ in described.items()
        for method in all_
    }
    health = {("GET", path) for path in ("/healthz", "/readyz")}
    assert {(method, path) for method, path, _ in rows} - {("GET", "/healthz"), ("GET", "/")} == known - health
    commands = [words.split() for _, _, words in rows if words]
    assert len(commands) == len(known - health)
    for words in commands:
        command = typer.main.get_command(app)
        for word in words:
            command = command.commands[word]  # type: ignore[attr-defined]


def test_every_route_says_what_it_does(tmp_path: Path) -> None:
    door = Door(tmp_path)
    describe(door.inner)
    described = door.inner.openapi()["paths"]
    assert len(ROUTES) == sum(map(len, described.values())) + 1, "all but /metrics"
    for operations in described.values():
        for operation in operations.values():
            assert operation["description"].endswith(".")
            assert {"500", "503"} <= operation["responses"].keys()
