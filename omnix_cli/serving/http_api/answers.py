"""Answers: exact JSON, entity tags, and errors in one shape."""

from __future__ import annotations

import hashlib
import logging
import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from omnix_cli.errors import (
    BadPage,
    Conflict,
    DataError,
    InvalidRecord,
    ItemsRefused,
    NotFound,
    OmnixError,
    UnavailableError,
)
from omnix_cli.json_records import exact_json
from omnix_cli.serving.http_api.callers import Forbidden, Unauthorized

_log = logging.getLogger(__name__)


class TooMany(OmnixError):
    """The caller asks too often; `seconds` later it may go on."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Changed(OmnixError):
    """The resource is not at the version of If-Match."""


@dataclass(frozen=True)
class Problem:
    """How a kind of error is answered."""

    status: int
    code: str


_PROBLEMS: dict[type[OmnixError], Problem] = {
    Unauthorized: Problem(401, "unauthorized"),
    Forbidden: Problem(403, "forbidden"),
    NotFound: Problem(404, "not_found"),
    Conflict: Problem(409, "conflict"),
    Changed: Problem(412, "precondition_failed"),
    TooMany: Problem(429, "too_many_requests"),
    InvalidRecord: Problem(422, "invalid"),
    BadPage: Problem(422, "invalid"),
    ItemsRefused: Problem(422, "invalid"),
    DataError: Problem(422, "invalid"),
    UnavailableError: Problem(503, "unavailable"),
}
_OF_STATUS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "not_json",
}
_RETRY_SECONDS = 5
_CALLS = 6


class ExactJson(Response):
    """JSON with exact numbers."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return exact_json.dumps(content)


def entity_tag(content: Mapping[str, Any]) -> str:
    """The strong entity tag of a document (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(exact_json.canonical(content)).hexdigest()[:32]}"'


def tags_of(header: str) -> set[str]:
    """The entity tags that a header If-Match or If-None-Match lists; weak ones as strong ones."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def tagged(request: Request, content: Mapping[str, Any]) -> Response:
    """The document with its entity tag, or 304 if the caller has it already."""
    tag = entity_tag(content)
    known = tags_of(request.headers.get("if-none-match", ""))
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return ExactJson(content, headers=headers)


def failed(request: Request, error: Exception) -> Response:
    """The answer for an error; one that nobody foresaw is logged and says nothing about itself."""
    match error:
        case RequestValidationError():
            details = [{"field": _field(one["loc"]), "reason": _reason(one["msg"])} for one in error.errors()]
            return answered(request, Problem(422, "invalid"), "the request is not valid", details)
        case HTTPException():
            refused = Problem(error.status_code, _OF_STATUS.get(error.status_code, "refused"))
            headers = dict(error.headers or {})
            if error.status_code == 405:
                headers["Allow"] = _allowed(request) or headers.get("Allow", "")
            return answered(request, refused, str(error.detail), headers=headers)
        case OmnixError():
            problem = next((one for kind, one in _PROBLEMS.items() if isinstance(error, kind)), None)
            if problem:
                return _foreseen(request, problem, error)
    _log.error("a request failed", extra=_place(request, error))
    return answered(request, Problem(500, "internal"), "something went wrong; the log of the server says where")


def _place(request: Request, error: Exception) -> dict[str, str]:
    """What the log says of an error: its kind and the last calls, not its text, in which there may be data of a
    customer."""
    calls = traceback.extract_tb(error.__traceback__)[-_CALLS:]
    places = " < ".join(f"{Path(call.filename).name}:{call.lineno}" for call in reversed(calls))
    return {"request_id": request.scope.get("request_id", ""), "error": type(error).__name__, "at": places}


def _foreseen(request: Request, problem: Problem, error: OmnixError) -> Response:
    problems = (("cursor", error.message),) if isinstance(error, BadPage) else getattr(error, "problems", ())
    details = [{"field": name, "reason": reason} for name, reason in problems]
    headers = {}
    if problem.status == 401:
        headers = {"WWW-Authenticate": 'Bearer realm="omnix"'}
    elif isinstance(error, TooMany):
        headers = {"Retry-After": str(max(1, math.ceil(error.seconds)))}
    elif problem.status == 503:
        headers = {"Retry-After": str(_RETRY_SECONDS)}
        _log.warning("a request failed: %s", error.message)
    message = "the service is not available now" if problem.status == 503 else error.message
    return answered(request, problem, message, details, headers=headers)


def answered(
    request: Request,
    problem: Problem,
    message: str,
    details: list[dict[str, Any]] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in the one shape of all errors."""
    body = error_document(problem, message, request.scope.get("request_id", ""), details)
    return ExactJson(body, status_code=problem.status, headers=dict(headers or {}))


def error_document(
    problem: Problem, message: str, request_id: str, details: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """What every error says."""
    return {"error": problem.code, "message": message, "details": details or [], "requestId": request_id}


def _allowed(request: Request) -> str:
    """The methods of a path: several routes may share it."""
    path = request.scope["path"]
    methods = {method for route in request.app.state.routes if route.path_regex.match(path) for method in route.methods}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])
