"""Odd but valid forms of answers, of the records of batch jobs, and of the files these lie in.

Each says what has to come of it: `read` (nobody is asked again), `repaired` (asked once more, because nothing can be
read), `failed` (kept, and not asked again as it is), `lost` (the record is asked on demand), `stop` (exit code 4).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

Answer = dict[str, Any]
Files = dict[str, bytes]
Outcome = Literal["read", "repaired", "lost", "stop"]


def _same(answer: Any) -> Any:
    return answer


def _alone(record: Answer) -> list[Any]:
    return [record]


def _as_they_are(files: Files) -> Files:
    return files


@dataclass(frozen=True)
class Oddity:
    """One form. `answer` changes an answer of Converse, `record` a line of a job's output (into any number of lines),
    `files` the output by name. `unpriced`: it does not say how many tokens were used."""

    name: str
    outcome: Outcome = "read"
    answer: Callable[[Answer], Any] = _same
    record: Callable[[Answer], list[Any]] = _alone
    files: Callable[[Files], Files] = _as_they_are
    unpriced: bool = False


def _content(answer: Answer) -> Answer:
    """What the model says, as JSON; empty for an answer that is odd already."""
    message = answer.get("output", {}).get("message", {})
    for block in message.get("content", ()):
        found = block.get("toolUse", {}).get("input") or block.get("text", "")
        if isinstance(found, dict):
            return found
        if found.startswith("{"):
            with suppress(ValueError):
                return dict(json.loads(found))
    return {}


def _with_blocks(answer: Answer, *blocks: Any) -> Answer:
    return {**answer, "output": {"message": {"role": "assistant", "content": list(blocks)}}}


def _text(change: Callable[[str], str]) -> Callable[[Answer], Answer]:
    """The answer as a text, changed."""
    return lambda answer: _with_blocks(answer, {"text": change(json.dumps(_content(answer)))})


def _tool(change: Callable[[Answer], Any]) -> Callable[[Answer], Answer]:
    """The answer as the input of a tool, changed."""

    def call(answer: Answer) -> Answer:
        return _with_blocks(
            answer, {"toolUse": {"toolUseId": "t1", "name": "answer", "input": change(_content(answer))}}
        )

    return call


def _entries(change: Callable[[Answer], None]) -> Callable[[Answer], Answer]:
    """Each entry changed, in a text."""

    def changed(text: str) -> str:
        content = json.loads(text)
        for entry in content.get("customers", []):
            change(entry)
        return json.dumps(content)

    return _text(changed)


def _patterns(name: str, change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    def each(entry: Answer) -> None:
        for pattern in entry["consumptionPatterns"]:
            pattern[name] = change(pattern[name])

    return _entries(each)


def _choices(entry: Answer) -> None:
    entry["dataQuality"] = entry["dataQuality"].title()
    entry["spendingPatterns"]["shoppingFrequency"] = entry["spendingPatterns"]["shoppingFrequency"].upper()
    entry["spendingPatterns"]["pricePreference"] = entry["spendingPatterns"]["pricePreference"].replace("-", " ")


def _truths(entry: Answer) -> None:
    entry["behavioralInsights"] = {name: str(value) for name, value in entry["behavioralInsights"].items()}


def _usage(usage: Any) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, "usage": usage}


def _without(*names: str) -> Callable[[Answer], Answer]:
    return lambda answer: {name: part for name, part in answer.items() if name not in names}


def _tokens(change: Callable[[int], Any]) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, "usage": {name: change(tokens) for name, tokens in answer["usage"].items()}}


def _halves(answer: Answer) -> Answer:
    text = json.dumps(_content(answer))
    return _with_blocks(answer, {"text": text[: len(text) // 2]}, {"text": text[len(text) // 2 :]})


def _own_form(answer: Answer) -> Answer:
    usage = answer.get("usage") or {}
    names = {"input_tokens": "inputTokens", "output_tokens": "outputTokens"}
    return {
        "content": [{"type": "text", "text": json.dumps(_content(answer))}],
        "stop_reason": "end_turn",
        "usage": {own: usage[name] for own, name in names.items() if name in usage},
    }


ANSWERS = (
    Oddity("plain"),
    Oddity("no usage", answer=_without("usage"), unpriced=True),
    Oddity("null usage", answer=_usage(None), unpriced=True),
    Oddity("empty usage", answer=_usage({}), unpriced=True),
    Oddity("usage without output", answer=_usage({"inputTokens": 9, "totalTokens": 9}), unpriced=True),
    Oddity("tokens as text", answer=_tokens(str)),
    Oddity("tokens as fractions", answer=_tokens(float)),
    Oddity("no metrics", answer=_without("metrics")),
    Oddity("null metrics", answer=lambda answer: {**answer, "metrics": None}),
    Oddity("null latency", answer=lambda answer: {**answer, "metrics": {"latencyMs": None}}),
    Oddity("no stop reason", answer=_without("stopReason")),
    Oddity("null trace", answer=lambda answer: {**answer, "trace": None, "additionalModelResponseFields": None}),
    Oddity(
        "unknown parts", answer=lambda answer: {**answer, "id": "x", "usage": {**answer["usage"], "more": {"a": 1}}}
    ),
    Oddity("two blocks", answer=_halves),
    Oddity(
        "reasoning first",
        answer=lambda answer: _with_blocks(
            answer,
            {"reasoningContent": {"reasoningText": {"text": "Let me think: {}"}}},
            {"text": ""},
            {"text": json.dumps(_content(answer))},
        ),
    ),
    Oddity("fenced", answer=_text(lambda text: f"```json\n{text}\n```")),
    Oddity("words around", answer=_text(lambda text: f"Here it is:\n{text}\nIt depends on {{their}} habits.")),
    Oddity("said twice", answer=_text(lambda text: f"{text}\n\n{text}")),
    Oddity("spread out", answer=_text(lambda text: json.dumps(json.loads(text), indent=4))),
    Oddity("a bare list", answer=_text(lambda text: json.dumps(json.loads(text)["customers"]))),
    Oddity("a bare entry", answer=_text(lambda text: json.dumps(json.loads(text)["customers"][0]))),
    Oddity(
        "one entry for the list", answer=_text(lambda text: json.dumps({"customers": json.loads(text)["customers"][0]}))
    ),
    Oddity("a tool", answer=_tool(_same)),
    Oddity("a tool's input as text", answer=_tool(json.dumps)),
    Oddity("a tool's input wrapped", answer=_tool(lambda content: {"input": content})),
    Oddity("a tool's input wrapped as text", answer=_tool(lambda content: {"arguments": json.dumps(content)})),
    Oddity("a tool's list as text", answer=_tool(lambda content: {"customers": json.dumps(content["customers"])})),
    Oddity(
        "a tool twice",
        answer=lambda answer: _with_blocks(answer, *(_tool(_same)(answer)["output"]["message"]["content"] * 2)),
    ),
    Oddity(
        "an empty tool and a text",
        answer=lambda answer: _with_blocks(
            answer,
            {"text": json.dumps(_content(answer))},
            {"toolUse": {"toolUseId": "t1", "name": "answer", "input": {}}},
        ),
    ),
    Oddity("confidence as text", answer=_patterns("confidence", str)),
    Oddity("days as text", answer=_patterns("averageDaysBetweenPurchases", lambda days: f" {days} ")),
    Oddity("a date with a time", answer=_patterns("predictedNextPurchaseDate", lambda day: f"{day}T00:00:00Z")),
    Oddity("blanks in ids", answer=_patterns("productId", lambda product: f" {product} ")),
    Oddity("half a character", answer=_patterns("reasoning", lambda text: f"{text} \ud83d")),
    Oddity("choices written otherwise", answer=_entries(_choices)),
    Oddity("truth as text", answer=_entries(_truths)),
    Oddity("no content", "repaired", answer=_with_blocks),
    Oddity("no message", "repaired", answer=lambda answer: {**answer, "output": {}}),
)
"""What a model may answer, on demand and in a record."""

RECORDS = (
    Oddity("null output, null error", "lost", record=lambda one: [{**one, "modelOutput": None, "error": None}]),
    Oddity("no output, no error", "lost", record=lambda one: [{"recordId": one["recordId"]}]),
    Oddity("a number for an output", "lost", record=lambda one: [{**one, "modelOutput": 7}]),
    Oddity("output as text", record=lambda one: [{**one, "modelOutput": json.dumps(one["modelOutput"])}]),
    Oddity(
        "only the words",
        record=lambda one: [{**one, "modelOutput": json.dumps(_content(one["modelOutput"]))}],
        unpriced=True,
    ),
    Oddity("null error", record=lambda one: [{**one, "error": None}]),
    Oddity("empty error", record=lambda one: [{**one, "error": {}}]),
    Oddity("no input", record=lambda one: [_without("modelInput")(one)]),
    Oddity("null input", record=lambda one: [{**one, "modelInput": None}]),
    Oddity("twice", record=lambda one: [one, one]),
    Oddity(
        "an error, then the answer",
        record=lambda one: [{"recordId": one["recordId"], "error": {"errorMessage": "again"}}, one],
    ),
    Oddity("a stranger beside it", record=lambda one: [{**one, "recordId": "stranger"}, [], one, "x", {}]),
    Oddity("in the model's own form", record=lambda one: [{**one, "modelOutput": _own_form(one["modelOutput"])}]),
)
"""What a record of a job may be."""


def _each(change: Callable[[str, bytes], Mapping[str, bytes]]) -> Callable[[Files], Files]:
    """Each file of answers changed; the manifest stays."""

    def changed(files: Files) -> Files:
        return {
            name: content
            for old, before in files.items()
            for name, content in ({old: before} if "manifest" in old else change(old, before)).items()
        }

    return changed


def _split(name: str, content: bytes) -> Files:
    lines = content.splitlines(keepends=True)
    half = len(lines) // 2
    return {name: b"".join(lines[:half]), name.replace(".jsonl.out", "-2.jsonl.out"): b"".join(lines[half:])}


OUTPUTS = (
    Oddity("packed", files=_each(lambda name, content: {name: gzip.compress(content)})),
    Oddity("packed, by name", files=_each(lambda name, content: {f"{name}.gz": gzip.compress(content)})),
    Oddity(
        "packed in parts",
        files=_each(lambda name, content: {name: gzip.compress(content[:999]) + gzip.compress(content[999:])}),
    ),
    Oddity("several files", files=_each(_split)),
    Oddity("a folder deeper", files=_each(lambda name, content: {f"part/{name}": content, "part/": b""})),
    Oddity("another name", files=_each(lambda name, content: {"answers.json": content})),
    Oddity(
        "no manifest", files=lambda files: {name: content for name, content in files.items() if "manifest" not in name}
    ),
    Oddity(
        "a mark, and ends of lines of another system",
        files=_each(lambda name, content: {name: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n\r\n")}),
    ),
    Oddity("no files", "stop", files=lambda files: {}),
    Oddity("only the manifest", "stop", files=_each(lambda name, content: {})),
    Oddity("empty files", "stop", files=_each(lambda name, content: {name: b""})),
    Oddity("another packing", "stop", files=_each(lambda name, content: {name: b"\x28\xb5\x2f\xfd" + content[::-1]})),
    Oddity("a page of a proxy", "stop", files=_each(lambda name, content: {name: b"<html>\nnot here\n</html>\n"})),
    Oddity(
        "one file of two",
        "stop",
        files=_each(lambda name, content: {**_split(name, content), name: b"\x28\xb5\x2f\xfd"}),
    ),
)
"""How the output of a job may lie on S3."""
