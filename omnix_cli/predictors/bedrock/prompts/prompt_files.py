"""The prompts: files with versions and hashes, and the questions made of them."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.records import Question, Turn
from omnix_cli.schemas import SHOPPING_FREQUENCIES

FOLDER = Path(__file__).resolve().parent / "templates"
PRICE_PREFERENCES = ("budget", "mid-range", "premium")
BEHAVIOURS = ("plannedShopper", "brandLoyal", "seasonalShopper", "bulkBuyer")
DATA_QUALITIES = ("poor", "fair", "good", "excellent")
GAPS_SHOWN = 12
NAME_LENGTH = 48
REPEATED_LENGTH = 6000
"""Signs of a bad answer that are shown to the model again."""

_FORMS = ("system", "opening", "customer", "spend", "product", "repair")


@dataclass(frozen=True)
class SubjectRow:
    """A product of a customer: its cycle and its statistical forecast. `name` and `category` may be shown."""

    product_id: str
    product_name: str
    category: str | None
    purchase_days: int
    last_day: date
    gap_days: tuple[int, ...]
    typical_quantity: float
    interval_days: float
    predicted_date: date
    date_p10: date
    date_p90: date
    probability_28d: float
    confidence: float


@dataclass(frozen=True)
class Subject:
    """A customer to ask about. `history` is the hash of what the part rests on, `spend` the amount a shopping day."""

    customer_id: str
    history: str
    first_day: date
    last_day: date
    shopping_days: int
    rows: tuple[SubjectRow, ...]
    spend: Decimal | None = None

    @property
    def prior(self) -> str:
        """What the statistics say, as JSON: product to the window's first and last day and the confidence."""
        told = {row.product_id: [str(row.date_p10), str(row.date_p90), row.confidence] for row in self.rows}
        return json.dumps(told, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True)
class Prompt:
    """A prompt file, read."""

    name: str
    version: int
    digest: str
    forms: Mapping[str, str]

    @property
    def id(self) -> str:
        """As name@version:hash."""
        return f"{self.name}@{self.version}:{self.digest}"

    def question(
        self,
        subjects: Sequence[Subject],
        *,
        model: str,
        as_of: date,
        currency: str,
        pseudonym: Callable[[str], str],
        max_output_tokens: int,
    ) -> Question:
        """What is asked about some customers on a day."""
        opening = self.forms["opening"].format(day=as_of, currency=currency)
        parts = [self._customer(subject, pseudonym(subject.customer_id)) for subject in subjects]
        question = Question(
            key="",
            model=model,
            prompt=self.id,
            as_of=as_of,
            customers=tuple(subject.customer_id for subject in subjects),
            histories=tuple(subject.history for subject in subjects),
            priors=tuple(subject.prior for subject in subjects),
            system=self.forms["system"],
            turns=(Turn(role="user", text="\n".join([opening, *parts])),),
            max_output_tokens=max_output_tokens,
        )
        return _keyed(question)

    def repair(
        self, question: Question, reply_text: str, problems: Mapping[str, str], pseudonym: Callable[[str], str]
    ) -> Question:
        """Asks once more about the customers of `problems` (customer to what is wrong), whom the answer failed."""
        told = {customer: pseudonym(customer) for customer in question.customers if customer in problems}
        text = self.forms["repair"].format(
            problems="\n".join(f"- {name}: {problems[customer]}" for customer, name in told.items()),
            customers=", ".join(told.values()),
        )
        earlier = reply_text.strip()[:REPEATED_LENGTH] or "(nothing)"
        turns = (*question.turns, Turn(role="assistant", text=earlier), Turn(role="user", text=text))
        places = [question.customers.index(customer) for customer in told]
        kept = {
            name: tuple(getattr(question, name)[place] for place in places)
            for name in ("customers", "histories", "priors")
        }
        return _keyed(question.model_copy(update={**kept, "turns": turns}))

    def _customer(self, subject: Subject, name: str) -> str:
        spend = self.forms["spend"].format(amount=subject.spend) if subject.spend is not None else ""
        head = self.forms["customer"].format(
            customer=name,
            shopping_days=subject.shopping_days,
            first_day=subject.first_day,
            last_day=subject.last_day,
            spend=spend,
        )
        return "\n".join([head, *map(self._product, subject.rows)])

    def _product(self, row: SubjectRow) -> str:
        return self.forms["product"].format(
            product_id=row.product_id,
            name=_cell(row.product_name) or "product",
            category=_cell(row.category or "") or "-",
            days=row.purchase_days,
            last=row.last_day,
            gaps=",".join(map(str, row.gap_days[-GAPS_SHOWN:])),
            quantity=f"{row.typical_quantity:g}",
            expected=row.predicted_date,
            first=row.date_p10,
            final=row.date_p90,
            every=f"{row.interval_days:.1f}",
        )


@cache
def all_prompts() -> tuple[Prompt, ...]:
    """The prompts there are, by name and version."""
    found = [_read(path) for path in FOLDER.glob("*@*.toml")]
    return tuple(sorted(found, key=lambda prompt: (prompt.name, prompt.version)))


def load_prompt(spec: str) -> Prompt:
    """A prompt as name (its newest version), name@version or its whole id. Raises `ConfigError` for another."""
    known = all_prompts()
    fitting = [prompt for prompt in known if spec in (prompt.name, f"{prompt.name}@{prompt.version}", prompt.id)]
    if not fitting:
        names = [f"{prompt.name}@{prompt.version}" for prompt in known]
        raise ConfigError(f"there is no prompt `{spec}`", hint=suggestion(spec, names, what="Prompts"))
    return fitting[-1]


def text_sent(question: Question) -> str:
    """All that is sent of a question's words, to be read by people."""
    turns = [f"[{turn.role}]\n{turn.text}" for turn in question.turns]
    return "\n\n".join([f"[system]\n{question.system}", *turns]) + "\n"


def parse_prompt(content: bytes, *, name: str, version: int) -> Prompt:
    """The prompt of a file's content. Raises `ConfigError` when a form is missing or there is one too many."""
    try:
        forms = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the prompt {name}@{version} cannot be read: {error}", hint="Mend that line.") from error
    if set(forms) != set(_FORMS) or not all(isinstance(text, str) for text in forms.values()):
        raise ConfigError(f"the prompt {name}@{version} has not the texts it needs", hint=f"They are {_FORMS}.")
    trimmed = {form: text if form == "spend" else text.rstrip("\n") for form, text in forms.items()}
    return Prompt(name, version, hashlib.sha256(content).hexdigest()[:8], trimmed)


def _read(path: Path) -> Prompt:
    name, version = path.stem.rsplit("@", 1)
    return parse_prompt(path.read_bytes(), name=name, version=int(version))


def _keyed(question: Question) -> Question:
    """The question with the hash of all that the answer depends on."""
    turns = [[turn.role, turn.text] for turn in question.turns]
    content = json.dumps([question.model, question.prompt, question.max_output_tokens, turns])
    return question.model_copy(update={"key": hashlib.sha256(content.encode()).hexdigest()[:32]})


def _cell(text: str) -> str:
    """A text as a cell of the table: one line, no bars, no longer than `NAME_LENGTH`."""
    return re.sub(r"[\s|\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()[:NAME_LENGTH].rstrip()


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


_PATTERN = _object(
    productId={"type": "string"},
    averageDaysBetweenPurchases={"type": "number", "description": "days, more than 0, at most 730"},
    predictedNextPurchaseDate={"type": "string", "description": "YYYY-MM-DD, not before today"},
    confidence={"type": "number", "description": "0 to 1"},
    reasoning={"type": "string", "description": "one short sentence"},
)
ANSWER_SCHEMA = _object(
    customers=_list(
        _object(
            customer={"type": "string"},
            consumptionPatterns=_list(_PATTERN),
            spendingPatterns=_object(
                averageOrderValue={"type": "number"},
                preferredCategories=_list({"type": "string"}),
                shoppingFrequency=_one_of(SHOPPING_FREQUENCIES),
                pricePreference=_one_of(PRICE_PREFERENCES),
            ),
            behavioralInsights=_object(**{name: {"type": "boolean"} for name in BEHAVIOURS}),
            dataQuality=_one_of(DATA_QUALITIES),
        )
    )
)
"""The shape of every answer, in the part of JSON Schema that structured output of all models knows: it refuses ranges,
so that bounds stand in the descriptions and are checked in `answers`."""
