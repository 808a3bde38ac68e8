"""Prompts compared with each other, and tested on invented customers with known good answers."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import SecretStr

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.personal_data import pseudonym
from omnix_cli.predictors.bedrock.prompts.prompt_files import FOLDER, Prompt, all_prompts
from omnix_cli.predictors.bedrock.prompts.subjects import Subject, SubjectRow
from omnix_cli.protocols.models import AnswerLedger, Asker
from omnix_cli.records import Question, Reply
from omnix_cli.settings import BedrockSettings

_INVENTED = SecretStr("these customers are invented")


@dataclass(frozen=True)
class Trial:
    """The answer about one invented customer. `is_good`: valid, and as it should be; `problems` say why not."""

    case: str
    is_valid: bool
    is_good: bool
    problems: tuple[str, ...]
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0


def prompt_list() -> pl.DataFrame:
    """All prompts: `name`, `version`, `id`, and the `characters` of the fixed part."""
    rows = [(one.name, one.version, one.id, len(one.forms["system"])) for one in all_prompts()]
    columns = {"name": pl.String, "version": pl.Int64, "id": pl.String, "characters": pl.Int64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def prompt_difference(old: Prompt, new: Prompt) -> str:
    """A unified diff of the texts of two prompts; empty when they are equal."""
    texts = (_lines(old), _lines(new))
    return "".join(difflib.unified_diff(*texts, fromfile=old.id, tofile=new.id))


def try_prompt(prompt: Prompt, ledger: AnswerLedger, asker: Asker, settings: BedrockSettings) -> list[Trial]:
    """One trial for each case of `golden.toml`, in order. Answers in the ledger are used again, so that repeating a
    trial costs nothing."""
    cases = tomllib.loads((FOLDER / "golden.toml").read_text(encoding="utf-8"))["cases"]
    name = pseudonym(_INVENTED)
    questions = [_question(prompt, case, settings, name) for case in cases]
    results: dict[str, Any] = dict(ledger.replies([question.key for question in questions]))
    missing = [question for question in questions if question.key not in results]
    results |= {question.key: result for question, result in asker.ask(missing)} if missing else {}
    asked = zip(cases, questions, strict=True)
    return [_judged(case, question, results.get(question.key), name) for case, question in asked]


def _lines(prompt: Prompt) -> list[str]:
    return [f"{line}\n" for form, text in prompt.forms.items() for line in (f"[{form}]", *text.split("\n"))]


def _question(
    prompt: Prompt, case: Mapping[str, Any], settings: BedrockSettings, name: Callable[[str], str]
) -> Question:
    rows = tuple(map(_row, case["products"]))
    subject = Subject(
        customer_id=f"invented: {case['name']}",
        history="",
        first_day=min(row.last_day - timedelta(days=sum(row.gap_days)) for row in rows),
        last_day=max(row.last_day for row in rows),
        shopping_days=max(row.purchase_days for row in rows),
        rows=rows,
    )
    return prompt.question([subject], settings, as_of=case["as_of"], pseudonym=name)


def _row(product: Mapping[str, Any]) -> SubjectRow:
    expected, first, last = product["forecast"]
    return SubjectRow(
        product_id=product["id"],
        name=product["name"],
        category=product["category"],
        purchase_days=len(product["gaps"]) + 1,
        last_day=product["last"],
        gap_days=tuple(product["gaps"]),
        typical_quantity=product["quantity"],
        interval_days=product["every"],
        next_expected_date=expected,
        date_p10=first,
        date_p90=last,
        probability_28d=0.8,
        window_chance=0.7,
    )


def _judged(case: Mapping[str, Any], question: Question, result: Any, name: Callable[[str], str]) -> Trial:
    if not isinstance(result, Reply):
        why = f"{result.reason}: {result.detail}" if result else "not asked"
        return Trial(case["name"], is_valid=False, is_good=False, problems=(why,))
    products = {product["id"]: product for product in case["products"]}
    (answer,) = ReplyParser(name).answers(result, question.as_of, {question.customers[0]: products}).values()
    problems = _problems(answer, products) if isinstance(answer, CustomerAnswer) else (answer,)
    return Trial(
        case["name"],
        is_valid=isinstance(answer, CustomerAnswer),
        is_good=not problems,
        problems=problems,
        input_tokens=result.usage.input + result.usage.cache_read + result.usage.cache_write,
        output_tokens=result.usage.output,
        cost=float(result.cost),
        seconds=result.seconds,
    )


def _problems(answer: CustomerAnswer, products: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Why a valid answer is not good."""
    patterns = {pattern.product_id: pattern for pattern in answer.patterns}
    problems = [f"{id} is left out" for id in products if id not in patterns]
    for id, pattern in patterns.items():
        problems += _outside(f"the date of {id}", pattern.date, *products[id]["wanted"])
        problems += _outside(f"the interval of {id}", pattern.interval_days, *products[id]["wanted_every"])
    if answer.dropped:
        problems.append(f"{answer.dropped} parts guess about the person or were not asked for")
    return tuple(problems)


def _outside(what: str, value: Any, least: Any, most: Any) -> list[str]:
    return [] if least <= value <= most else [f"{what} is {value}, not between {least} and {most}"]
