"""The wire protocol of Bedrock, read from botocore's own service models: which operation a request means, whether it is
right, and how an error looks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

OPERATIONS = {
    "bedrock-runtime": ("Converse", "CountTokens", "InvokeModel"),
    "bedrock": (
        "CreateModelInvocationJob",
        "GetModelInvocationJob",
        "ListModelInvocationJobs",
        "StopModelInvocationJob",
        "ListFoundationModels",
        "GetFoundationModel",
        "GetInferenceProfile",
    ),
}
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request, "
    r"?SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, ?Signature=[0-9a-f]{64}"
)
_OTHER_CODES = {"MissingAuthenticationTokenException": 403, "InvalidSignatureException": 403, "UnknownOperation": 404}


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = _status_of(code)
        self.content = {"message": message, **details}


@dataclass(frozen=True)
class Route:
    """An operation, and what the address of a request says of its parameters."""

    operation: OperationModel
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.operation.name)


def route(method: str, target: str) -> Route:
    """Raises `Refused` when nothing is served there."""
    path = urlsplit(target).path
    for wanted, pattern, operation in _routes():
        found = pattern.fullmatch(path)
        if wanted == method and found:
            return Route(operation, {name: unquote(value) for name, value in found.groupdict().items()})
    raise Refused("UnknownOperation", f"{method} {path} is no operation")


def region_of(headers: Mapping[str, str]) -> str:
    """The region a request was signed for. Raises `Refused` when it is not signed for Bedrock."""
    found = _SIGNATURE.fullmatch(headers.get("Authorization", ""))
    if not found or not headers.get("X-Amz-Date"):
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    if found["service"] != "bedrock":
        raise Refused("InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'.")
    return found["region"]


def read(route: Route, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The parameters of a request. Raises `Refused` for what the service model does not allow."""
    shape = route.operation.input_shape
    payload = shape.serialization.get("payload")
    parameters = dict(route.parameters)
    query = dict(parse_qsl(urlsplit(target).query))
    for name, member in shape.members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "querystring" and key in query:
            parameters[name] = int(query[key]) if member.type_name in ("integer", "long") else query[key]
        elif place == "header" and headers.get(key):
            parameters[name] = headers[key]
    if payload:
        parameters[payload] = body
    elif body:
        parameters.update(_json_object(body))
    problems = list(_problems(parameters, shape))
    if problems:
        raise Refused("ValidationException", "; ".join(problems))
    return parameters


def problems_of(parameters: dict[str, Any], operation: str) -> list[str]:
    """What is wrong with these parameters of an operation."""
    shape = next(found.input_shape for _, _, found in _routes() if found.name == operation)
    return list(_problems(parameters, shape))


def written(route: Route, answer: Mapping[str, Any] | bytes) -> bytes:
    """The body of an answer, which has to be what the service model says."""
    if isinstance(answer, bytes):
        return answer
    report = ParamValidator().validate(answer, route.operation.output_shape)
    if report.has_errors():
        raise AssertionError(f"the double answers {route.name} wrongly: {report.generate_report()}")
    return json.dumps(answer).encode()


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str], OperationModel], ...]:
    session = botocore.session.get_session()
    found = []
    for service, names in OPERATIONS.items():
        model = session.get_service_model(service)
        for name in names:
            operation = model.operation_model(name)
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
            found.append((operation.http["method"], re.compile(pattern), operation))
    return tuple(found)


@cache
def _status_of(code: str) -> int:
    if code in _OTHER_CODES:
        return _OTHER_CODES[code]
    session = botocore.session.get_session()
    for service in OPERATIONS:
        model = session.get_service_model(service)
        if code in model.shape_names:
            return int(model.shape_for(code).metadata["error"]["httpStatusCode"])
    raise AssertionError(f"{code} is no error of Bedrock")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refused("ValidationException", f"The request body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise Refused("ValidationException", "The request body is not a JSON object")
    return content


def _problems(value: Any, shape: Shape) -> Iterator[str]:
    """What botocore finds, and the limits of the model that it leaves to the service."""
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        yield str(report.generate_report())
    else:
        yield from _broken_limits(value, shape, shape.name)


def _broken_limits(value: Any, shape: Shape, place: str) -> Iterator[str]:
    if shape.type_name in ("string", "list", "map") and not _is_within(len(value), shape):
        yield f"{place} has a length of {len(value)}, outside its limits"
    if shape.type_name in ("integer", "long", "float", "double") and not _is_within(value, shape):
        yield f"{place} is {value}, outside its limits"
    if shape.type_name == "string":
        pattern, values = shape.metadata.get("pattern"), shape.metadata.get("enum")
        if (pattern and not re.fullmatch(pattern, value)) or (values and value not in values):
            yield f"{place} is {value!r}, which does not satisfy its constraint {pattern or values}"
    for name, part, part_shape in _parts(value, shape):
        yield from _broken_limits(part, part_shape, f"{place}.{name}")


def _parts(value: Any, shape: Shape) -> Iterator[tuple[str, Any, Shape]]:
    """What a structure, list or map is made of; a document may hold anything."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        yield from ((name, part, shape.members[name]) for name, part in value.items())
    elif shape.type_name == "list":
        yield from ((str(number), part, shape.member) for number, part in enumerate(value))
    elif shape.type_name == "map":
        yield from ((key, key, shape.key) for key in value)
        yield from ((key, part, shape.value) for key, part in value.items())


def _is_within(size: float, shape: Shape) -> bool:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    return (least is None or size >= least) and (most is None or size <= most)
