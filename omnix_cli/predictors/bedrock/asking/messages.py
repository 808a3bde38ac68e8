"""What a model said and used, read from an answer in the form of Converse, whatever parts of it are missing or odd.

An answer was paid for when it arrives. So everything that can be read without a guess is read, and what is left is
empty: an empty text is an invalid answer, and unknown tokens are counted at the most the question can cost.

Sources: `ConverseResponse` in the service model bedrock-runtime 2023-09-30 of botocore; the output of batch jobs in the
Bedrock user guide (batch-inference-results). Models that answer a batch in their own form (`content`, `stop_reason`,
`input_tokens`) are read, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omnix_cli.records import TokenUsage

_PARTS = ("output", "usage", "stopReason", "content", "stop_reason")
_KINDS = {
    "input": ("inputTokens", "input_tokens"),
    "output": ("outputTokens", "output_tokens"),
    "cache_read": ("cacheReadInputTokens", "cache_read_input_tokens"),
    "cache_write": ("cacheWriteInputTokens", "cache_creation_input_tokens"),
}


@dataclass(frozen=True)
class Message:
    """The text of an answer, or the input of the tool it calls as JSON; `usage` is None where the tokens are
    unknown."""

    text: str
    stop_reason: str
    usage: TokenUsage | None
    seconds: float = 0.0


def read_message(answer: Any) -> Message | None:
    """The message in an answer; None when there is nothing of one in it. A plain text is a message, too."""
    if isinstance(answer, str):
        try:
            parsed = json.loads(answer)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict) and parsed.keys() & set(_PARTS):
            return read_message(parsed)
        return Message(_clean(answer), "end_turn", None) if answer.strip() else None
    if not isinstance(answer, Mapping):
        return None
    text, usage = _text(_content(answer)), _usage(answer.get("usage"))
    reason = answer.get("stopReason") or answer.get("stop_reason")
    if not (text or usage or reason):
        return None
    return Message(text, str(reason or "unknown"), usage, _seconds(answer))


def _content(answer: Mapping[str, Any]) -> list[Any]:
    """The blocks of a message, wherever the model has put them."""
    output = answer.get("output")
    message = output.get("message", output) if isinstance(output, Mapping) else output
    content = message.get("content") if isinstance(message, Mapping) else message
    content = answer.get("content") if content is None else content
    return content if isinstance(content, list) else [content]


def _text(blocks: list[Any]) -> str:
    """The inputs of the tools that are called, each on a line; where they say nothing, the texts."""
    called = list(dict.fromkeys(_inputs(blocks)))
    texts = "".join(text for block in blocks if isinstance(text := _block_text(block), str))
    return _clean(texts if texts.strip() and set(called) <= {"{}", ""} else "\n".join(called))


def _block_text(block: Any) -> Any:
    return block.get("text") if isinstance(block, Mapping) else block


def _inputs(blocks: list[Any]) -> Iterator[str]:
    for block in (block for block in blocks if isinstance(block, Mapping)):
        use = block.get("toolUse") or (block if block.get("type") == "tool_use" else None)
        if isinstance(use, Mapping) and (given := use.get("input")) is not None:
            yield given if isinstance(given, str) else json.dumps(given, default=str)


def _usage(usage: Any) -> TokenUsage | None:
    """The tokens; None when those of the question or of the answer are missing."""
    if not isinstance(usage, Mapping):
        return None
    tokens = {kind: next((usage[name] for name in names if name in usage), None) for kind, names in _KINDS.items()}
    counts = {kind: _count(value) for kind, value in tokens.items()}
    if counts["input"] is None or counts["output"] is None:
        return None
    return TokenUsage(**{kind: count or 0 for kind, count in counts.items()})


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        count = int(value)
    except (ValueError, OverflowError):
        return None
    return count if count >= 0 and count < 1 << 53 else None


def _seconds(answer: Mapping[str, Any]) -> float:
    metrics = answer.get("metrics")
    milliseconds = _count(metrics.get("latencyMs")) if isinstance(metrics, Mapping) else None
    return (milliseconds or 0) / 1000


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode()
