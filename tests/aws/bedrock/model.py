"""The model behind the double: Converse requests to answers, with the tokens they use."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.aws.bedrock.behaviour import BYTES_PER_TOKEN, Behaviour, Billed
from tests.aws.bedrock.forecasts import forecast
from tests.aws.bedrock.spoiling import spoiled, spoiled_text
from tests.aws.bedrock.wire import Refused

_UNDEFINED = frozenset(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems")
)
"""What the schemas of structured output may not say (Bedrock user guide, "Get validated JSON results from models")."""
_FILTERED = {"filtered": "content_filtered", "guardrail": "guardrail_intervened"}


class Model:
    """Answers, remembers which beginnings it has in its cache, and books what is to be paid."""

    def __init__(self, billed: Billed) -> None:
        self._billed = billed
        self._cached: set[str] = set()
        self._lock = threading.Lock()

    def converse(
        self, model: str, request: dict[str, Any], behaviour: Behaviour, fault: str | None, way: str = "on_demand"
    ) -> dict[str, Any]:
        """The answer to a Converse request that is valid as to its shape."""
        check(model, request, behaviour, way)
        content, stop_reason = _content(request, fault)
        most = request.get("inferenceConfig", {}).get("maxTokens")
        if fault == "max_tokens":
            most = max(1, _tokens(json.dumps(content)) // 2)
        if most is not None and stop_reason not in _FILTERED.values():
            content, stop_reason = _cut(content, stop_reason, most)
        usage = self._usage(model, request, content, behaviour)
        self._billed.add(_words(model, request), usage, way)
        answer: dict[str, Any] = {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason,
            "usage": usage,
            "metrics": {"latencyMs": int(behaviour.latency_seconds * 1000)},
        }
        answer.update({name: request[name] for name in ("performanceConfig", "serviceTier") if name in request})
        if request.get("guardrailConfig", {}).get("trace", "disabled") != "disabled":
            answer["trace"] = {"guardrail": {}}
        return answer

    def _usage(
        self, model: str, request: dict[str, Any], content: list[dict[str, Any]], behaviour: Behaviour
    ) -> dict[str, int]:
        """Read from the cache: the longest beginning up to a cache point that was sent before; written: the rest of
        what comes before the last one."""
        whole = "".join(text for text in _pieces(request) if text is not None)
        total, read, written, prefix = _tokens(whole), 0, 0, model
        for text in _pieces(request):
            if text is not None:
                prefix += text
                continue
            tokens = _tokens(prefix) - _tokens(model)
            if tokens < behaviour.cache_minimum_tokens:
                continue
            digest = hashlib.sha256(prefix.encode()).hexdigest()
            with self._lock:
                if digest in self._cached:
                    read, written = tokens, 0
                else:
                    self._cached.add(digest)
                    written = tokens - read
        output = sum(_tokens(block.get("text") or json.dumps(block)) for block in content)
        usage = {"inputTokens": total - read - written, "outputTokens": output, "totalTokens": total + output}
        if any(text is None for text in _pieces(request)):
            usage |= {"cacheReadInputTokens": read, "cacheWriteInputTokens": written}
        return usage


def count_tokens(request: dict[str, Any]) -> int:
    """The tokens of a Converse request, or of the part of one that CountTokens takes."""
    return _tokens("".join(text for text in _pieces(request) if text is not None))


def check(model: str, request: dict[str, Any], behaviour: Behaviour, way: str) -> None:
    """Raises `Refused` for what has the right shape and still makes no sense, or is more than the model can do."""
    if model in behaviour.unknown_models:
        raise Refused("ResourceNotFoundException", "Could not resolve the foundation model from the model identifier.")
    for problem in [*_problems(request), *_unsupported(request, behaviour), *(_no_batch(request, way))]:
        raise Refused("ValidationException", problem)


def _problems(request: dict[str, Any]) -> Iterator[str]:
    messages = request.get("messages", [])
    roles = [message["role"] for message in messages]
    if roles[:1] != ["user"] or roles[-1:] != ["user"]:
        yield "A conversation must start and end with a user message."
    if any(first == second for first, second in pairwise(roles)):
        yield "The roles user and assistant must alternate."
    if any(not message["content"] for message in messages):
        yield "The content of a message must not be empty."
    texts = [block for message in messages for block in message["content"]] + request.get("system", [])
    if any(not block["text"].strip() for block in texts if "text" in block):
        yield "The text of a content block must not be blank."
    tools = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in _tools(request) if "toolSpec" in tool}
    chosen = request.get("toolConfig", {}).get("toolChoice", {}).get("tool", {}).get("name")
    if chosen is not None and chosen not in tools:
        yield f"toolChoice names the tool {chosen}, which is not among the tools."
    for name, tool in tools.items():
        if tool.get("strict"):
            yield from _bad_schema(tool["inputSchema"]["json"], name)
    schema = _output_schema(request)
    if schema is not None:
        try:
            yield from _bad_schema(json.loads(schema), "outputConfig")
        except ValueError as error:
            yield f"The schema of outputConfig is not JSON: {error}"


def _bad_schema(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _bad_schema(part, place)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    for word in sorted(_UNDEFINED & schema.keys()):
        yield f"{place}: property '{word}' is not supported"
    for name, part in schema.items():
        parts = list(part.values()) if name in ("properties", "$defs") else part
        yield from _bad_schema(parts, place)


def _unsupported(request: dict[str, Any], behaviour: Behaviour) -> Iterator[str]:
    used = {name for name in ("outputConfig", "toolConfig", "serviceTier", "performanceConfig") if name in request}
    if any(tool.get("toolSpec", {}).get("strict") for tool in _tools(request)):
        used.add("strict")
    if None in _pieces(request):
        used.add("cachePoint")
    for name in sorted(used & behaviour.unsupported):
        yield f"This model doesn't support {name}."


def _no_batch(request: dict[str, Any], way: str) -> Iterator[str]:
    """Batch inference has neither tools nor structured output nor a cache."""
    if way == "batch":
        used = [name for name in ("toolConfig", "outputConfig", "guardrailConfig") if name in request]
        for name in used + (["cachePoint"] if None in _pieces(request) else []):
            yield f"{name} is not supported in batch inference."


def _content(request: dict[str, Any], fault: str | None) -> tuple[list[dict[str, Any]], str]:
    """The blocks of the answer, and why it ends there."""
    if fault in _FILTERED:
        return [{"text": "Sorry, this cannot be answered."}], _FILTERED[fault]
    asked = [message["content"] for message in request["messages"] if message["role"] == "user"]
    found = forecast(["\n".join(block.get("text", "") for block in blocks) for blocks in asked])
    if found is None:
        return [{"text": "There is nobody to say anything about."}], "end_turn"
    answer = spoiled(found, fault)
    text = json.dumps(answer)
    damaged = spoiled_text(text, fault)
    tool = _forced_tool(request)
    if tool and damaged == text:
        return [{"toolUse": {"toolUseId": f"tooluse_{_digest(text)[:22]}", "name": tool, "input": answer}}], "tool_use"
    return [{"text": damaged}], "end_turn"


def _forced_tool(request: dict[str, Any]) -> str | None:
    choice = request.get("toolConfig", {}).get("toolChoice", {})
    if "tool" in choice:
        return str(choice["tool"]["name"])
    return str(_tools(request)[0]["toolSpec"]["name"]) if "any" in choice else None


def _cut(content: list[dict[str, Any]], stop_reason: str, most: int) -> tuple[list[dict[str, Any]], str]:
    """The answer as far as `most` tokens go; of a tool's input that was cut off nothing is left."""
    (block,) = content
    if _tokens(block.get("text") or json.dumps(block)) <= most:
        return content, stop_reason
    if "toolUse" in block:
        return [{"toolUse": {**block["toolUse"], "input": {}}}], "max_tokens"
    return [{"text": block["text"].encode()[: most * BYTES_PER_TOKEN].decode(errors="ignore")}], "max_tokens"


def _pieces(request: dict[str, Any]) -> Iterator[str | None]:
    """The text that the model reads, in its order; None is a cache point."""
    for tool in _tools(request):
        yield None if "cachePoint" in tool else json.dumps(tool, sort_keys=True)
    yield _output_schema(request) or ""
    for block in request.get("system", []):
        yield None if "cachePoint" in block else str(block.get("text", ""))
    for message in request.get("messages", []):
        for block in message["content"]:
            yield None if "cachePoint" in block else str(block.get("text") or json.dumps(block, default=str))


def _tools(request: dict[str, Any]) -> list[dict[str, Any]]:
    return list(request.get("toolConfig", {}).get("tools", []))


def _output_schema(request: dict[str, Any]) -> str | None:
    form = request.get("outputConfig", {}).get("textFormat", {})
    return form["structure"]["jsonSchema"]["schema"] if form else None


def _words(model: str, request: dict[str, Any]) -> str:
    """What makes two questions the same, whatever their form: the model, and the texts it is sent."""
    blocks = [*request.get("system", []), *(block for turn in request["messages"] for block in turn["content"])]
    return _digest("\x1f".join([model, *(str(block["text"]) for block in blocks if "text" in block)]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
