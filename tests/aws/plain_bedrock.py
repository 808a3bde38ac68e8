"""A second Bedrock for tests: small, written from the user guide alone, with a money book of its own in dollars.

It shares no line of its protocol with `tests.aws.bedrock`, so that both do not have the same misunderstanding. It knows
Converse and the four operations of batch jobs. A job ends when it is looked at for the second time; `ends` says how the
next ones end, with which message.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from tests.aws.bedrock.forecasts import forecast
from tests.aws.bedrock.oddities import ANSWERS, Oddity
from tests.aws.local_server import LocalServer

_INPUT, _OUTPUT = Decimal("0.06") / 1_000_000, Decimal("0.24") / 1_000_000
"""Dollars a token of Nova Lite on demand; a batch costs half."""
_ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/"


class PlainBedrock(LocalServer):
    """Listens on `url` while it is entered. `bill` has the dollars by way, `asked` how often the same text was paid
    for, `jobs` what GetModelInvocationJob says."""

    def __init__(self, s3: Any = None) -> None:
        self.bill: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.oddity: Oddity = ANSWERS[0]
        self.ends: list[tuple[str, str]] = []
        self.denied_from: int | None = None
        """Requests are refused with 403 from this one on, counted from 0."""
        self.hold = threading.Event()
        """Answers to requests before `denied_from` wait for the first refusal."""
        self.requests = 0
        self.s3 = s3
        self._lock = threading.Lock()
        super().__init__(type("Handler", (_Handler,), {"double": self}))

    @property
    def dollars(self) -> Decimal:
        return sum(self.bill.values(), Decimal(0))

    @property
    def paid_twice(self) -> int:
        return self.asked.total() - len(self.asked)

    def served(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """The HTTP status and the content of an answer."""
        url = urlsplit(path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if parts[0] == "model" and parts[-1] == "converse":
            return self._converse(json.loads(body))
        if method == "POST" and parts == ["model-invocation-job"]:
            return 200, self._create(json.loads(body))
        if parts[0] == "model-invocation-job":
            return 200, self._look_at(parts[-1])
        if parts == ["model-invocation-jobs"]:
            wanted = parse_qs(url.query).get("nameContains", [""])[0]
            return 200, {"invocationJobSummaries": [job for job in self.jobs.values() if wanted in job["jobName"]]}
        return 404, {"message": f"unknown: {method} {path}"}

    def _converse(self, request: dict[str, Any]) -> tuple[int, Any]:
        with self._lock:
            number = self.requests
            self.requests += 1
        if self.denied_from is not None:
            if number >= self.denied_from:
                self.hold.set()
                return 403, {"message": "not authorized to perform bedrock:InvokeModel"}
            self.hold.wait(5)
        return 200, self.oddity.answer(self._answer(request, "on demand", 1))

    def _answer(self, request: dict[str, Any], way: str, share: int | Decimal) -> dict[str, Any]:
        """An answer, which is on the bill from now on."""
        turns = ["".join(block.get("text", "") for block in turn["content"]) for turn in request["messages"]]
        said = forecast([text for text, turn in zip(turns, request["messages"], strict=True) if turn["role"] == "user"])
        content, stop_reason = json.dumps(said), "end_turn"
        block: dict[str, Any] = {"text": content}
        if "toolConfig" in request:
            name = request["toolConfig"]["tools"][0]["toolSpec"]["name"]
            block, stop_reason = {"toolUse": {"toolUseId": uuid4().hex, "name": name, "input": said}}, "tool_use"
        used = len(json.dumps(request)) // 3, len(content) // 3
        most = request["inferenceConfig"]["maxTokens"]
        if used[1] > most:
            block, stop_reason, used = {"text": content[: most * 3]}, "max_tokens", (used[0], most)
        with self._lock:
            self.bill[way] += (used[0] * _INPUT + used[1] * _OUTPUT) * share  # type: ignore[assignment]
            self.asked["\n".join(turns)] += 1
        return {
            "output": {"message": {"role": "assistant", "content": [block]}},
            "stopReason": stop_reason,
            "usage": {"inputTokens": used[0], "outputTokens": used[1], "totalTokens": sum(used)},
            "metrics": {"latencyMs": 7},
        }

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            for arn, job in self.jobs.items():
                if job["clientRequestToken"] == request["clientRequestToken"]:
                    return {"jobArn": arn}
            arn = f"{_ARN}{uuid4().hex[:12]}"
            self.jobs[arn] = {**request, "jobArn": arn, "status": "Submitted"}
        return {"jobArn": arn}

    def _look_at(self, arn: str) -> dict[str, Any]:
        job = self.jobs[arn]
        shown = dict(job)
        if job["status"] == "Submitted":
            status, message = self.ends.pop(0) if self.ends else ("Completed", "")
            if status in ("Completed", "PartiallyCompleted"):
                self._work(job)
            job |= {"status": status, "message": message}
        return shown

    def _work(self, job: dict[str, Any]) -> None:
        bucket, _, key = job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")
        lines = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
        records = [record for line in lines for record in self._records(json.loads(line))]
        content = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        job |= {"totalRecordCount": len(lines), "processedRecordCount": len(lines), "successRecordCount": len(lines)}
        bucket, _, prefix = job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")
        files = {f"{key.rpartition('/')[2]}.out": content, "manifest.json.out": b'{"totalRecordCount": 1}'}
        for name, body in self.oddity.files(files).items():
            self.s3.put_object(Bucket=bucket, Key=f"{prefix}{job['jobArn'].rpartition('/')[2]}/{name}", Body=body)

    def _records(self, asked: dict[str, Any]) -> Iterator[Any]:
        answer = self.oddity.answer(self._answer(asked["modelInput"], "batch", Decimal("0.5")))
        yield from self.oddity.record({**asked, "modelOutput": answer})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: PlainBedrock

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.double.served(self.command, self.path, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 403:
            self.send_header("x-amzn-ErrorType", "AccessDeniedException:http://internal.amazon.com/")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
