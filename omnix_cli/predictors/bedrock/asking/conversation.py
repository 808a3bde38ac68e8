"""Requests to the Converse API, and its answers as priced replies.

Source: the service model bedrock-runtime 2023-09-30 of botocore.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.messages import Message, read_message
from omnix_cli.predictors.bedrock.asking.money import Prices, PriceTable
from omnix_cli.predictors.bedrock.asking.regions import base_model
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Loss, Question, Reply, TokenUsage, Way
from omnix_cli.settings import BedrockSettings

Structure = Literal["schema", "tool", "text"]

_TOOL = "answer"
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_METADATA_ENTRIES = 16

_FAMILIES: tuple[tuple[str, tuple[Structure, ...], bool], ...] = (
    (r"anthropic\.claude-(opus|sonnet|haiku)-(4-[5-9]|[5-9])", ("schema", "tool", "text"), True),
    (r"anthropic\.claude-(3-5-haiku|3-7|opus-4|sonnet-4)", ("tool", "text"), True),
    (r"anthropic\.", ("tool", "text"), False),
    (r"amazon\.nova-", ("tool", "text"), True),
    (r"amazon\.titan|meta\.llama3-(?!3)|ai21\.|deepseek\.r1", ("text",), False),
    (r"", ("schema", "tool", "text"), False),
)
"""For models whose id begins like this: the ways to get JSON, best first, and whether they cache what comes before a
cache point. Sources: the model cards, and `Structured output` and `Prompt caching` in the Bedrock user guide. What a
model turns out not to support is left out for the rest of the run."""

_COMPLAINTS = {
    "caching": r"cach",
    "strict": r"strict",
    "schema": r"output_?config|text_?format|json.?schema|structured.?output|response.?format",
    "tool": r"tool",
}
"""Words in an error message, by the part of the request that the model does not support."""


@dataclass(frozen=True)
class Form:
    """The parts of a request that not every model supports. `structures`: the ways to get JSON; the first is used."""

    structures: tuple[Structure, ...]
    caching: bool
    strict: bool = True

    def without(self, complaint: str) -> Form | None:
        """The form without the part that the error message complains about; None when it is about none of them."""
        now = self.structures[0]
        if self.caching and _is_about("caching", complaint):
            return replace(self, caching=False)
        if now == "tool" and self.strict and _is_about("strict", complaint):
            return replace(self, strict=False)
        if now != "text" and _is_about(now, complaint) and len(self.structures) > 1:
            return replace(self, structures=self.structures[1:])
        return None


def form_of(model: str, structure: Literal["auto", Structure]) -> Form:
    """The form to try first. A structure from the settings is never replaced."""
    name = base_model(model)
    structures, caching = next((known, caching) for start, known, caching in _FAMILIES if re.match(start, name))
    return Form(structures if structure == "auto" else (structure,), caching)


def request(question: Question, form: Form, schema: Mapping[str, Any], settings: BedrockSettings) -> dict[str, Any]:
    """The parameters of a Converse request. What comes before the cache point is cached for the next question."""
    body = request_body(question, settings.temperature)
    parameters = {"modelId": question.model, **body, **_structured(form, schema)}
    if form.caching:
        parameters["system"].append({"cachePoint": {"type": "default"}})
    if settings.guardrail:
        parameters["guardrailConfig"] = {
            "guardrailIdentifier": settings.guardrail,
            "guardrailVersion": settings.guardrail_version,
        }
    if settings.metadata:
        parameters["requestMetadata"] = settings.metadata
    if settings.service_tier:
        parameters["serviceTier"] = {"type": settings.service_tier}
    if settings.latency:
        parameters["performanceConfig"] = {"latency": settings.latency}
    return parameters


def request_body(question: Question, temperature: float | None) -> dict[str, Any]:
    """The part of a request that every model supports, also in a batch."""
    variation = {} if temperature is None else {"temperature": temperature}
    return {
        "system": [{"text": question.system}],
        "messages": [{"role": turn.role, "content": [{"text": turn.text}]} for turn in question.turns],
        "inferenceConfig": {"maxTokens": question.max_output_tokens, **variation},
    }


def count_request(converse: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a CountTokens request for a Converse request. It works for models, not for profiles."""
    counted = {name: converse[name] for name in ("system", "messages", "toolConfig") if name in converse}
    return {"modelId": base_model(converse["modelId"]), "input": {"converse": counted}}


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raises `ConfigError` for tags that Bedrock does not accept."""
    if len(metadata) > _METADATA_ENTRIES:
        raise ConfigError(
            f"bedrock.metadata has {len(metadata)} entries", hint=f"Bedrock accepts at most {_METADATA_ENTRIES}."
        )
    for name, value in metadata.items():
        if not name or not _METADATA.fullmatch(name) or not _METADATA.fullmatch(value):
            raise ConfigError(
                f"bedrock.metadata: Bedrock does not accept {name} = {value!r}",
                hint="Use at most 256 characters each: letters, digits, spaces and : _ @ $ # = / + , - .",
            )


@dataclass(frozen=True)
class ReplyRecorder:
    """Turns answers into replies of the run with this id; `now` is when they arrive."""

    ledger: AnswerLedger
    price_table: PriceTable
    settings: BedrockSettings
    now: Callable[[], datetime]
    run: str = ""

    def on_demand_prices(self, model: str) -> Prices:
        """The prices of a model on demand, at the service tier and the latency of the settings."""
        return self.price_table.of(model, tier=self.settings.service_tier, latency=self.settings.latency)

    def batch_prices(self, model: str) -> Prices:
        """The prices of a model in a batch job."""
        return self.price_table.of(model).at(Decimal(str(self.settings.batch.price_share)))

    def on_demand(self, question: Question, answer: Any, *, most: Decimal, seconds: float) -> Reply | None:
        """The reply in an answer of Converse; None when there is nothing in it. `most` is what it costs at most, which
        counts when the answer does not say how many tokens it used."""
        if (message := read_message(answer)) is None:
            return None
        prices = self.on_demand_prices(question.model)
        return self._reply(question, message, "on_demand", prices, most=most, seconds=seconds)

    def batch(self, question: Question, answer: Any, *, most: Decimal) -> Reply | None:
        """The reply in a record of a batch job; None when there is nothing in it. `most`: as `on_demand`."""
        if (message := read_message(answer)) is None:
            return None
        prices = self.batch_prices(question.model)
        return self._reply(question, message, "batch", prices, most=most, seconds=message.seconds)

    def loss(self, id: str, model: str, prompt: str, way: Way, dollars: Decimal) -> None:
        """Notes dollars that may be on the bill although no answer came."""
        self.ledger.keep_loss(
            Loss(id=id, run=self.run, model=model, prompt=prompt, way=way, dollars=dollars, noted_at=self.now())
        )

    def _reply(
        self, question: Question, message: Message, way: Way, prices: Prices, *, most: Decimal, seconds: float
    ) -> Reply:
        return Reply(
            question=question.key,
            model=question.model,
            prompt=question.prompt,
            way=way,
            text=message.text,
            stop_reason=message.stop_reason,
            usage=message.usage or TokenUsage(),
            cost=most if message.usage is None else prices.cost(message.usage),
            seconds=seconds,
            replied_at=self.now(),
            run=self.run,
            max_output_tokens=question.max_output_tokens,
        )


def _structured(form: Form, schema: Mapping[str, Any]) -> dict[str, Any]:
    structure = form.structures[0]
    if structure == "schema":
        described = {"name": _TOOL, "schema": json.dumps(schema)}
        return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": described}}}}
    if structure == "tool":
        tool = {"name": _TOOL, "description": "Gives the answer.", "inputSchema": {"json": schema}}
        strict = {"strict": True} if form.strict else {}
        return {"toolConfig": {"tools": [{"toolSpec": tool | strict}], "toolChoice": {"tool": {"name": _TOOL}}}}
    return {}


def _is_about(part: str, complaint: str) -> bool:
    return re.search(_COMPLAINTS[part], complaint, re.IGNORECASE) is not None
