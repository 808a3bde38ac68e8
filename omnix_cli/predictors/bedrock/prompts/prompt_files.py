"""Prompt files, each with a version and a hash, and the questions made from them."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.predictors.bedrock.prompts.subjects import Subject, SubjectRow
from omnix_cli.records import Question, Turn
from omnix_cli.settings import BedrockSettings

FOLDER = Path(__file__).resolve().parent / "templates"
GAPS_SHOWN = 12
NAME_LENGTH = 48
REPEATED_LENGTH = 6000
"""The most characters of a bad answer to show to the model again."""

_FORMS = ("system", "opening", "customer", "spend", "product", "repair")


@dataclass(frozen=True)
class Prompt:
    """The content of a prompt file."""

    name: str
    version: int
    digest: str
    forms: Mapping[str, str]

    @property
    def id(self) -> str:
        """The prompt as name@version:hash."""
        return f"{self.name}@{self.version}:{self.digest}"

    def question(
        self, subjects: Sequence[Subject], settings: BedrockSettings, *, as_of: date, pseudonym: Callable[[str], str]
    ) -> Question:
        """The question about some customers on a day."""
        opening = self.forms["opening"].format(day=as_of, currency=settings.currency)
        parts = [self._customer(subject, pseudonym(subject.customer_id)) for subject in subjects]
        question = Question(
            key="",
            model=settings.model,
            prompt=self.id,
            as_of=as_of,
            customers=tuple(subject.customer_id for subject in subjects),
            histories=tuple(subject.history for subject in subjects),
            priors=tuple(subject.prior for subject in subjects),
            system=self.forms["system"],
            turns=(Turn(role="user", text="\n".join([opening, *parts])),),
            max_output_tokens=settings.max_output_tokens,
        )
        return _keyed(question)

    def repair(
        self, question: Question, reply_text: str, problems: Mapping[str, str], pseudonym: Callable[[str], str]
    ) -> Question:
        """Asks once more about the customers with `problems`, and shows the model its answer and what is wrong with
        it."""
        names = {customer: pseudonym(customer) for customer in question.customers if customer in problems}
        text = self.forms["repair"].format(
            problems="\n".join(f"- {name}: {problems[customer]}" for customer, name in names.items()),
            customers=", ".join(names.values()),
        )
        earlier = reply_text.strip()[:REPEATED_LENGTH] or "(nothing)"
        turns = (*question.turns, Turn(role="assistant", text=earlier), Turn(role="user", text=text))
        indexes = [question.customers.index(customer) for customer in names]
        kept = {
            part: tuple(getattr(question, part)[index] for index in indexes)
            for part in ("customers", "histories", "priors")
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
            name=_cell(row.name) or "product",
            category=_cell(row.category or "") or "-",
            days=row.purchase_days,
            last=row.last_day,
            gaps=",".join(map(str, row.gap_days[-GAPS_SHOWN:])),
            quantity=f"{row.typical_quantity:g}",
            expected=row.next_expected_date,
            first=row.date_p10,
            final=row.date_p90,
            every=f"{row.interval_days:.1f}",
        )


@cache
def all_prompts() -> tuple[Prompt, ...]:
    """All prompts, sorted by name and version."""
    prompts = [_read(path) for path in FOLDER.glob("*@*.toml")]
    return tuple(sorted(prompts, key=lambda prompt: (prompt.name, prompt.version)))


def load_prompt(spec: str) -> Prompt:
    """A prompt by name (its newest version), name@version or id. Raises `ConfigError` for an unknown one."""
    known = all_prompts()
    fitting = [prompt for prompt in known if spec in (prompt.name, f"{prompt.name}@{prompt.version}", prompt.id)]
    if not fitting:
        names = [f"{prompt.name}@{prompt.version}" for prompt in known]
        raise ConfigError(f"there is no prompt `{spec}`", hint=suggestion(spec, names, what="Prompts"))
    return fitting[-1]


def text_sent(question: Question) -> str:
    """The whole text of a question, for people to read."""
    turns = [f"[{turn.role}]\n{turn.text}" for turn in question.turns]
    return "\n\n".join([f"[system]\n{question.system}", *turns]) + "\n"


def parse_prompt(content: bytes, *, name: str, version: int) -> Prompt:
    """The prompt in the content of a file. Raises `ConfigError` when a text is missing or unknown."""
    try:
        forms = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the prompt {name}@{version} cannot be read: {error}", hint="Fix that line.") from error
    if set(forms) != set(_FORMS) or not all(isinstance(text, str) for text in forms.values()):
        raise ConfigError(
            f"the prompt {name}@{version} must have exactly the texts it needs", hint=f"They are {_FORMS}."
        )
    trimmed = {form: text if form == "spend" else text.rstrip("\n") for form, text in forms.items()}
    return Prompt(name, version, hashlib.sha256(content).hexdigest()[:8], trimmed)


def _read(path: Path) -> Prompt:
    name, version = path.stem.rsplit("@", 1)
    return parse_prompt(path.read_bytes(), name=name, version=int(version))


def _keyed(question: Question) -> Question:
    """The question with its key: the hash of everything that the answer depends on."""
    turns = [[turn.role, turn.text] for turn in question.turns]
    content = json.dumps([question.model, question.prompt, question.max_output_tokens, turns])
    return question.model_copy(update={"key": hashlib.sha256(content.encode()).hexdigest()[:32]})


def _cell(text: str) -> str:
    """A text as a cell of the table: one line without bars, at most `NAME_LENGTH` characters."""
    return re.sub(r"[\s|\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()[:NAME_LENGTH].rstrip()
