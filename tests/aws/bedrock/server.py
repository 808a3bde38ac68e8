"""The server: takes requests over HTTP, keeps every byte of them, and answers or fails."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.aws.bedrock import models, wire
from tests.aws.bedrock.behaviour import Admission, Behaviour, Billed
from tests.aws.bedrock.faults import REFUSALS, Chance, Fault
from tests.aws.bedrock.jobs import Jobs
from tests.aws.bedrock.model import Model, check, count_tokens
from tests.aws.bedrock.wire import Refused

_DETAILS = {"model_error": {"originalStatusCode": 500, "resourceName": "model"}}
_CONTROL = "/_double/"


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    operation: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Sent:
    """What is sent back; `cut` ends the connection after half of the body."""

    status: int
    content: bytes
    error: str = ""
    cut: bool = False


class BedrockDouble:
    """Listens on `url` while it is entered. `requests` has what came, `counts` how often what was asked and answered,
    `billed` what would have to be paid."""

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        faults: Sequence[Fault] = (),
        seed: int = 0,
        s3_endpoint: str | None = None,
        port: int = 0,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.requests: list[Request] = []
        self.counts: Counter[str] = Counter()
        self.billed = Billed()
        self.connections: set[socket.socket] = set()
        self._chance = Chance(faults, seed)
        self._model = Model(self.billed)
        self.jobs = Jobs(self._model, self._chance, lambda: self.behaviour, s3_endpoint)
        self._admission = Admission()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"double": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> BedrockDouble:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        with self._lock:
            for connection in list(self.connections):
                with suppress(OSError):  # closed by the client already
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self.jobs.close()

    def inject(self, *faults: Fault) -> None:
        """From now on these befall requests, before those there are."""
        self._chance.faults[:0] = faults

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self._chance.faults.clear()

    @property
    def faults(self) -> Counter[str]:
        """How often which fault happened."""
        return self._chance.counts

    def bodies(self, operation: str = "Converse") -> list[bytes]:
        """The bodies of all requests of an operation."""
        return [request.body for request in self.requests if request.operation == operation]

    def client(self, service: str = "bedrock-runtime", **config: Any) -> Any:
        """An ordinary client of boto3 for the double."""
        import boto3
        from botocore.config import Config

        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", config=Config(**config))

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Sent | None:
        """What is sent back, or None where the connection is closed instead."""
        try:
            route = wire.route(method, target)
            self._note(route.name, target, headers, body)
            return self._served(route, target, headers, body)
        except Refused as refused:
            self._count(refused.code)
            return Sent(refused.status, json.dumps(refused.content).encode(), refused.code)

    def _served(self, route: wire.Route, target: str, headers: Mapping[str, str], body: bytes) -> Sent | None:
        region = wire.region_of(headers)
        parameters = wire.read(route, target, headers, body)
        fault = self._chance.fault(route.name, body or target.encode())
        if fault in REFUSALS:
            code, message = REFUSALS[fault]
            raise Refused(code, message, **_DETAILS.get(fault, {}))
        if fault == "dropped_before":
            return None
        answer = self._carried_out(route.name, parameters, region, fault)
        if fault == "slow":
            self._closing.wait(self.behaviour.slow_seconds)
        if fault == "dropped_after":
            return None
        self._count(f"{route.name} answered")
        content = wire.written(route, answer)
        if route.name == "Converse":
            content = json.dumps(self.behaviour.oddity.answer(json.loads(content))).encode()
        return Sent(200, content, cut=fault == "cut")

    def _carried_out(
        self, operation: str, parameters: dict[str, Any], region: str, fault: str | None
    ) -> dict[str, Any] | bytes:
        if operation in ("Converse", "InvokeModel"):
            return self._inference(operation, parameters, fault)
        if operation == "CountTokens":
            return self._tokens(parameters)
        if operation == "CreateModelInvocationJob":
            return self.jobs.create(parameters, region)
        if operation == "GetModelInvocationJob":
            return self.jobs.get(parameters)
        if operation == "ListModelInvocationJobs":
            return self.jobs.list(parameters)
        if operation == "StopModelInvocationJob":
            return self.jobs.stop(parameters)
        if operation == "GetFoundationModel":
            return models.foundation_model(parameters["modelIdentifier"], region)
        if operation == "GetInferenceProfile":
            return models.inference_profile(parameters["inferenceProfileIdentifier"], region)
        return models.foundation_models(region)

    def _inference(self, operation: str, parameters: dict[str, Any], fault: str | None) -> dict[str, Any] | bytes:
        if not self._admission.admits(self.behaviour):
            raise Refused(*REFUSALS["throttled"])
        if self.behaviour.latency_seconds:
            self._closing.wait(self.behaviour.latency_seconds)
        model = parameters["modelId"]
        if operation == "Converse":
            return self._model.converse(model, parameters, self.behaviour, fault)
        request = _converse_of(parameters["body"])
        answer = self._model.converse(model, request, self.behaviour, fault)
        usage = {"input_tokens": answer["usage"]["inputTokens"], "output_tokens": answer["usage"]["outputTokens"]}
        content = [{"type": "text", **block} for block in answer["output"]["message"]["content"]]
        return json.dumps({"content": content, "stop_reason": answer["stopReason"], "usage": usage}).encode()

    def _tokens(self, parameters: dict[str, Any]) -> dict[str, Any]:
        given = parameters["input"]
        request = given.get("converse") or _converse_of(base64.b64decode(given["invokeModel"]["body"]))
        check(parameters["modelId"], request, self.behaviour, "on_demand")
        return {"inputTokens": count_tokens(request)}

    def _note(self, operation: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        with self._lock:
            self.requests.append(Request(operation, target, dict(headers), body))
            self.counts[operation] += 1

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def controlled(self, what: str, body: bytes) -> Sent:
        """For a double in a process of its own: `counts`, `bodies` (a JSON list of texts), and `faults` to set."""
        if what == "faults":
            self._chance.faults[:] = [Fault(**_with_tuples(given)) for given in json.loads(body)]
            content: Any = [asdict(fault) for fault in self._chance.faults]
        elif what == "bodies":
            content = [request.body.decode() for request in self.requests]
        else:
            content = {
                "counts": self.counts,
                "faults": self.faults,
                "answers": self.billed.answers,
                "tokens": self.billed.tokens,
                "batchTokens": self.billed.batch_tokens,
                "paidTwice": self.billed.paid_twice,
            }
        return Sent(200, json.dumps(content).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    double: ClassVar[BedrockDouble]

    def setup(self) -> None:
        super().setup()
        self.double.connections.add(self.connection)

    def finish(self) -> None:
        self.double.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(_CONTROL):
            sent: Sent | None = self.double.controlled(self.path.removeprefix(_CONTROL), body)
        else:
            sent = self.double.answer(self.command, self.path, self.headers, body)
        if sent is None:
            self.close_connection = True
            return
        self.send_response(sent.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent.content)))
        if sent.error:
            self.send_header("x-amzn-ErrorType", sent.error)
        self.end_headers()
        self.wfile.write(sent.content[: len(sent.content) // 2] if sent.cut else sent.content)
        self.close_connection = self.close_connection or sent.cut

    do_GET = do_POST

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def _converse_of(body: bytes) -> dict[str, Any]:
    """The Converse request that a body of InvokeModel (in the form of Anthropic's messages) comes to."""
    try:
        given = json.loads(body)
        turns = [
            {"role": turn["role"], "content": [{"text": text} for text in _texts(turn["content"])]}
            for turn in given["messages"]
        ]
        system = [{"text": text} for text in _texts(given.get("system", []))]
        most = {"inferenceConfig": {"maxTokens": int(given["max_tokens"])}} if "max_tokens" in given else {}
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("ValidationException", f"Malformed input request: {error!r}") from error
    return {"messages": turns, "system": system, **most}


def _texts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [str(block["text"]) for block in content]


def _with_tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
