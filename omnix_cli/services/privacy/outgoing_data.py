"""What leaves the machine: which field, in which form, to which service and region, by which command, on whose word.

Nothing is listed by hand that the code can tell: the fields of a question are those that show in one when it is
written with values that occur nowhere else, those of items and files the columns and attributes themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from omnix_cli.json_records.customer_records import Feedback, NewInteraction, NewPurchase, Registration
from omnix_cli.json_records.order_records import OrderDocument
from omnix_cli.plan import plan
from omnix_cli.predictors.bedrock.asking.regions import processing_regions
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt, load_prompt
from omnix_cli.predictors.bedrock.prompts.subjects import Subject, SubjectRow
from omnix_cli.protocols.checkpoints import SOURCES
from omnix_cli.protocols.steps import Predictor
from omnix_cli.records import Question
from omnix_cli.schemas import FRAMES
from omnix_cli.services.customers.profile_patterns import PROFILED
from omnix_cli.services.publishing.list_items import ATTRIBUTES
from omnix_cli.settings import AwsAccess, Section, Settings, dump
from omnix_cli.stores.replies.reply_table import KeptReply

AS_IS, PSEUDONYM = "as it is", "a keyed pseudonym"
_FIRST_DAY = date(1901, 1, 1)


@dataclass(frozen=True)
class Outgoing:
    """A field that goes to a service. `consent`: what customers must have agreed to; `active`: whether the settings
    send it now."""

    service: str
    region: str
    command: str
    field: str
    form: str
    consent: str
    active: bool


@dataclass(frozen=True)
class Floor:
    """The smallest group that a setting allows a figure to be about, and the steps of the run that keep to it."""

    setting: str
    value: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class PrivacyReport:
    """What leaves the machine, the floors in force, and how long things are kept (None: for ever)."""

    leaves: tuple[Outgoing, ...]
    floors: tuple[Floor, ...]
    retention: dict[str, Any]

    def values(self) -> dict[str, Any]:
        """As one document."""
        return asdict(self)


def privacy_report(settings: Settings, predictor_of: Callable[[Settings], Predictor]) -> PrivacyReport:
    """What these settings lead to; `predictor_of` makes the statistical predictor. Sends nothing."""
    return PrivacyReport(
        leaves=(*_to_models(settings), *_to_batches(settings), *_to_store(settings), *_to_workspace(settings)),
        floors=tuple(_floors(settings, predictor_of)),
        retention=dump(settings.retention),
    )


def question_fields(prompt: Prompt, settings: Settings) -> dict[str, str]:
    """The fields of customers and products that a question names, with their form: a question is written with values
    that occur nowhere else, and searched for them."""
    row_values = _distinct(SubjectRow, 0)
    values = {**_distinct(Subject, 40), "rows": (SubjectRow(**row_values),)}
    question = prompt.question(
        [Subject(**values)], settings.bedrock, as_of=date(1900, 1, 1), pseudonym=lambda customer: "the-pseudonym"
    )
    sent = "\n".join(_texts(question))
    named = {name: value for name, value in {**values, **row_values}.items() if name != "rows"}
    found = {name: AS_IS for name, value in named.items() if any(text in sent for text in _spellings(value))}
    customer = {"customer_id": PSEUDONYM} if "the-pseudonym" in sent else {}
    return customer | found


def _texts(question: Question) -> Iterator[str]:
    yield question.system
    yield from (turn.text for turn in question.turns)


def _distinct(record: type, start: int) -> dict[str, Any]:
    """A value for each field of a record that no other field has."""
    made: dict[str, Any] = {}
    for number, one in enumerate(fields(record), start):
        kind = str(one.type)
        if "date" in kind:
            made[one.name] = _FIRST_DAY + timedelta(days=number)
        elif "Decimal" in kind:
            made[one.name] = Decimal(90_000 + number)
        elif "Sequence" in kind:
            made[one.name] = [70_000 + number]
        elif kind == "str" or "str" in kind:
            made[one.name] = f"value-{number:03}"
        else:
            made[one.name] = 80_000 + number
    return made


def _spellings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(part) for part in value]
    return [f"{value:g}", f"{value:.1f}"] if isinstance(value, int) else [str(value)]


def _to_models(settings: Settings) -> Iterator[Outgoing]:
    asks, consent = settings.prediction.predictor != "statistical", _consent_to_ai(settings)
    bedrock = settings.bedrock
    region = processing_regions(bedrock.model, _region(bedrock))
    commands = "run, predict, predict compare, predict retry-failed"
    commands += ", predict estimate" if bedrock.count_tokens else ""
    for name, form in question_fields(load_prompt(bedrock.prompt), settings).items():
        yield Outgoing("Amazon Bedrock", region, commands, name, form, consent, asks)
    for name in ("model", "currency", *(f"metadata.{tag}" for tag in bedrock.metadata)):
        yield Outgoing("Amazon Bedrock", region, commands, f"bedrock.{name}", AS_IS, "none: no data of customers", asks)


def _to_batches(settings: Settings) -> Iterator[Outgoing]:
    batch, bedrock = settings.bedrock.batch, settings.bedrock
    if batch.location is None:
        return
    active = settings.prediction.predictor in ("bedrock-batch", "auto") and batch.role_arn is not None
    commands, consent = "run, predict", _consent_to_ai(settings)
    for name, form in question_fields(load_prompt(bedrock.prompt), settings).items():
        yield Outgoing(f"S3: {batch.location}", _region(settings.s3), commands, name, form, consent, active)
    for name in ("customers", "histories", "priors"):
        service = f"S3: {batch.location} (questions.jsonl, which Bedrock does not read)"
        yield Outgoing(service, _region(settings.s3), commands, name, AS_IS, consent, active)


def _to_store(settings: Settings) -> Iterator[Outgoing]:
    store = settings.store
    if store.kind == "sqlite":
        return
    service, region = f"the store ({store.kind})", _region(store)
    given = "none: the customer's own data"
    written: tuple[tuple[str, Iterable[str], str], ...] = (
        ("run, publish", ATTRIBUTES, _consent_to_lists(settings)),
        ("run", _columns(*PROFILED), _consent_to_lists(settings)),
        ("customers register, preferences, consent; serve", _names(Registration), given),
        ("purchases add; serve; tables backfill", _names(NewPurchase), given),
        ("purchases orders; Lambda", _names(OrderDocument), given),
        ("customers interact; serve", _names(NewInteraction), given),
        ("recommendations feedback; serve", _names(Feedback), given),
        ("customers forget", ("keyed hash of the id", "forgottenAt"), "none: so that the customer is not stored again"),
    )
    for command, names, consent in written:
        for name in names:
            yield Outgoing(service, region, command, name, AS_IS, consent, active=True)


def _to_workspace(settings: Settings) -> Iterator[Outgoing]:
    if not settings.shared_workspace:
        return
    service, region = f"S3: {settings.shared_workspace}", _region(settings.s3)
    for name in _columns(*FRAMES):
        kind = name.partition(".")[0]
        command = f"import {kind}, run" if kind in SOURCES else "import, run, predict, publish, evaluate"
        yield Outgoing(service, region, command, name, AS_IS, "none: it is the workspace", active=True)
    for name in KeptReply._fields:
        yield Outgoing(service, region, "run, predict", f"answers.{name}", AS_IS, _consent_to_ai(settings), active=True)
    for name in ("runs", "imports", "findings", "forgotten"):
        command = "every command that writes"
        yield Outgoing(service, region, command, f"records of {name}", AS_IS, "none: it is the workspace", active=True)


def _columns(*frames: str) -> list[str]:
    return [f"{frame}.{column}" for frame in frames for column in FRAMES[frame].schema.column_names()]


def _consent_to_lists(settings: Settings) -> str:
    return f"personalisation (who does not say: {'yes' if settings.privacy.consent_personalisation else 'no'})"


def _consent_to_ai(settings: Settings) -> str:
    said = "yes" if settings.privacy.consent_ai_analysis else "no"
    return f"aiAnalysis (who does not say: {said}) and {_consent_to_lists(settings)}"


def _names(record: Any) -> list[str]:
    return [
        "customerId",
        *(one.alias or name for name, one in record.model_fields.items() if one.alias != "customerId"),
    ]


def _region(access: AwsAccess) -> str:
    where = access.region or "the region of the AWS profile"
    return f"{where}, at {access.endpoint_url}" if access.endpoint_url else where


def _floors(settings: Settings, predictor_of: Callable[[Settings], Predictor]) -> Iterator[Floor]:
    """Each floor with the steps that compute something else when it changes."""
    before = _parameters(settings, predictor_of)
    for part, name in (("privacy", "min_customers"), ("similarity", "min_support"), ("recommend", "min_support")):
        section: Section = getattr(settings, part)
        value = int(getattr(section, name))
        higher = settings.model_copy(update={part: section.model_copy(update={name: value + 1})})
        after = _parameters(higher, predictor_of)
        steps = tuple(step for step, given in before.items() if after[step] != given)
        yield Floor(f"{part}.{name}", value, steps)


def _parameters(settings: Settings, predictor_of: Callable[[Settings], Predictor]) -> dict[str, Any]:
    """What the key of each step depends on."""
    return {step.name: (step.settings(settings), step.extra_key()) for step in plan(predictor_of(settings))}
